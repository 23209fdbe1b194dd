// Numbers in Indonesian words and digits, and times as people write them.

const SMALL = ["nol", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan", "sepuluh", "sebelas"];

function joined(head, rest) {
  return rest === 0 ? head : `${head} ${inWords(rest)}`;
}

/** An integer from 0 to 999,999 in words: 41 is "empat puluh satu". */
export function inWords(number) {
  if (number < 12) return SMALL[number];
  if (number < 20) return `${SMALL[number - 10]} belas`;
  if (number < 100) return joined(`${SMALL[Math.floor(number / 10)]} puluh`, number % 10);
  if (number < 200) return joined("seratus", number - 100);
  if (number < 1000) return joined(`${SMALL[Math.floor(number / 100)]} ratus`, number % 100);
  if (number < 2000) return joined("seribu", number - 1000);
  return joined(`${inWords(Math.floor(number / 1000))} ribu`, number % 1000);
}

/** 1234 is "1.234". */
export function grouped(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ".");
}

/** "14 Februari 2024 pukul 15.50" in the phone's own time zone; empty for what is no time. */
export function moment(time) {
  const date = new Date(time);
  if (!time || Number.isNaN(date.getTime())) return "";
  const day = date.toLocaleDateString("id-ID", { day: "numeric", month: "long", year: "numeric" });
  const clock = [date.getHours(), date.getMinutes()].map((part) => String(part).padStart(2, "0")).join(".");
  return `${day} pukul ${clock}`;
}
