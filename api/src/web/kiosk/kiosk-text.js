// Words, numbers and times as the site writes them. Pure: the same in a browser and in a test.

const MONTHS = ["Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September", "Oktober", "November", "Desember"];
const WHOLE = 10_000;
/** A leader that was not heard of for longer makes the site say that its data may be old. */
const LEADER_AGE_MS_MAX = 10_000;

export const NOTICE = "Hasil sementara, bukan hasil resmi";
export const NOTHING = "\u2013";

/** 1234567 is "1.234.567"; what is not known is a dash. */
export function grouped(count) {
  return count === null || count === undefined ? NOTHING : String(count).replace(/\B(?=(\d{3})+$)/g, ".");
}

/** Hundredths of a percent in integers, rounded half up; null of nothing. */
function share(part, whole) {
  return whole > 0 ? Math.floor((part * WHOLE * 2 + whole) / (whole * 2)) : null;
}

/** As progress: 100 % only when nothing is missing, and more than 0 % as soon as something is there. */
function progressShare(part, whole) {
  const rounded = share(part, whole);
  if (rounded === null) return null;
  return Math.max(part < whole ? Math.min(rounded, WHOLE - 1) : rounded, part > 0 ? 1 : 0);
}

function written(points) {
  return points === null ? NOTHING : `${Math.floor(points / 100)},${String(points % 100).padStart(2, "0")}\u00a0%`;
}

function length(points) {
  return `${(Math.min(points ?? 0, WHOLE) / 100).toFixed(2)}%`;
}

/** A part of a whole: as text, and as the length of a bar. */
export function part(count, whole) {
  const points = share(count, whole);
  return { text: written(points), length: length(points) };
}

/** The same for stations that are in. */
export function progress(count, whole) {
  const points = progressShare(count, whole);
  return { text: written(points), length: length(points) };
}

/** The zone of a region or station by its province: that of the capital for the nation and abroad. */
export function zone(code) {
  const province = Number(code.slice(0, 2));
  if ((province >= 51 && province <= 53) || (province >= 63 && province <= 65) || (province >= 71 && province <= 76)) return { name: "WITA", hours: 8 };
  if (province === 81 || province === 82 || (province >= 91 && province <= 97)) return { name: "WIT", hours: 9 };
  return { name: "WIB", hours: 7 };
}

function local(time, code) {
  const { name, hours } = zone(code);
  const date = new Date(new Date(time).getTime() + hours * 3_600_000);
  const two = (number) => String(number).padStart(2, "0");
  return { name, date, clock: `${two(date.getUTCHours())}.${two(date.getUTCMinutes())}`, seconds: two(date.getUTCSeconds()) };
}

/** "14 Februari 2024 15.50.03 WIB" where that region is; null for what is no time. */
export function moment(time, code) {
  if (!time || Number.isNaN(new Date(time).getTime())) return null;
  const { name, date, clock, seconds } = local(time, code);
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()} ${clock}.${seconds} ${name}`;
}

/** "15.50 WIB". */
export function clock(time, code) {
  const now = local(time, code);
  return `${now.clock} ${now.name}`;
}

const LEVELS = { 1: "Nasional", 2: "Provinsi", 4: "Kabupaten/Kota", 6: "Kecamatan", 10: "Kelurahan/Desa", 13: "TPS" };
const BELOW = { 1: 2, 2: 4, 4: 6, 6: 10, 10: 13 };

/** What a place with that code is called. */
export function level(code) {
  return LEVELS[code.length] ?? "Wilayah";
}

/** What lies right below it. */
export function levelBelow(code) {
  return LEVELS[BELOW[code.length]] ?? "TPS";
}

const STATES = {
  absent: ["Belum masuk", "Formulir TPS ini belum diterima."],
  reported: ["Diterima", "Formulir sudah diterima dan ikut dijumlahkan; belum diperiksa ulang."],
  reviewed: ["Sesuai", "Dua pembacaan formulir sesuai; ikut dijumlahkan."],
  disputed: ["Tidak sesuai", "Dua pembacaan formulir tidak sesuai; tetap dijumlahkan dan ditandai."],
  held: ["Ditahan", "Formulir tersimpan, tetapi tidak ikut dijumlahkan sampai diperiksa."],
  certified: ["Disahkan", "Formulir sudah disahkan dan ikut dijumlahkan."],
};
const SEVERITIES = { note: "Ditandai", confirm: "Sesuai formulir, janggal", hold: "Ditahan" };

export function stateWords(state) {
  return STATES[state]?.[0] ?? state;
}

export function stateMeaning(state) {
  return STATES[state]?.[1] ?? "";
}

export function severityWords(severity) {
  return SEVERITIES[severity] ?? "Ditandai";
}

/** What the band over a screen says of the age of its data; empty when there is nothing to say. */
export function bandWords({ lost, leaderAgeMs, at }) {
  const per = at ? `Data per ${at}` : "";
  if (lost === "network") return `Tidak ada jaringan. ${per}`.trim();
  if (lost === "busy") return `Server sedang penuh. ${per}`.trim();
  const late = leaderAgeMs !== null && (leaderAgeMs < 0 || leaderAgeMs > LEADER_AGE_MS_MAX);
  return late && per ? `Data tertunda, mungkin bukan yang terbaru. ${per}` : "";
}

/** What to say where there is nothing to show: a heading and what to do next. */
export function troubleWords({ status, lost }) {
  if (status === 404) return ["Data tidak ditemukan", "Wilayah, TPS, atau pemilihan itu tidak terdaftar. Tekan Kembali, atau mulai lagi dari Beranda."];
  if (lost === "network") return ["Tidak ada jaringan", "Layar ini belum pernah tersimpan di kios. Dicoba lagi sendiri; Anda boleh menunggu atau kembali ke Beranda. Jika lama, beri tahu petugas."];
  if (lost === "busy") return ["Server sedang penuh", "Tidak perlu menekan apa pun: kios mencoba lagi sendiri sebentar lagi."];
  return ["Layar ini belum bisa ditampilkan", "Kembali ke Beranda dan coba lagi. Jika terulang, beri tahu petugas."];
}
