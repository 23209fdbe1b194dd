// Words for states and refusals: what happened, and what to do now.

const STATES = {
  absent: "Belum masuk",
  reported: "Diterima",
  reviewed: "Sesuai (dibaca dua kali)",
  disputed: "Dua bacaan berbeda",
  held: "Ditahan untuk diperiksa",
  certified: "Disahkan",
};

export function stateWords(state) {
  return STATES[state] ?? state;
}

/** How a state looks: good, warn or plain. */
export function stateKind(state) {
  if (state === "absent") return "plain";
  return state === "held" || state === "disputed" ? "warn" : "good";
}

const ROLES = {
  officer: "petugas KPPS",
  reviewer: "pembaca kedua",
  certifier: "pengesah",
  auditor: "pengawas",
  admin: "admin",
  super_admin: "super admin",
};

export function roleWords(role) {
  return ROLES[role] ?? role;
}

/** The state of a write in the queue: {label, detail, kind}. */
export function waitingWords(item, signedIn) {
  if (item.state === "refused") return { label: "Perlu diperiksa", detail: "Server meminta sesuatu diperbaiki atau dikonfirmasi.", kind: "bad" };
  if (!signedIn) return { label: item.state === "sent" ? "Terkirim" : "Tersimpan di HP", detail: "Masuk lagi supaya pengiriman dilanjutkan. Isian tidak hilang.", kind: "warn" };
  if (item.state === "sent") return { label: item.failures > 0 ? "Terkirim, belum dijawab" : "Terkirim", detail: "Menunggu jawaban server. Kalau sinyal putus, aplikasi menanyakan lagi dengan kunci yang sama; formulir tidak tercatat dua kali.", kind: "info" };
  if (item.progress) return { label: "Tersimpan di HP", detail: `Mengunggah foto ${item.progress[0] + 1} dari ${item.progress[1]}.`, kind: "info" };
  return { label: "Tersimpan di HP", detail: "Menunggu sinyal. Boleh ditutup; aplikasi mengirim sendiri saat dibuka dan ada sinyal.", kind: "info" };
}

const PROBLEMS = {
  "bad-request": ["Permintaan tidak dipahami server", "Muat ulang aplikasi lalu kirim lagi. Kalau tetap begini, hubungi PPK."],
  forbidden: ["Akun ini tidak berwenang untuk TPS ini", "Periksa apakah TPS sudah benar. Kalau benar, minta PPK memeriksa wilayah akun Anda."],
  "not-found": ["TPS atau pemilihan ini tidak ada di daftar", "Kembali ke daftar TPS dan muat ulang. Kalau TPS Anda hilang dari daftar, hubungi PPK."],
  "invalid-state": ["Formulir ini sudah disahkan atau sedang dikunci", "Isian tidak bisa diubah dari sini. Kalau ada yang salah, sampaikan koreksi ke PPK saat rekapitulasi."],
  gone: ["Layanan di alamat ini sudah tidak dipakai", "Muat ulang aplikasi. Isian tetap tersimpan di HP."],
  "stale-revision": ["Sudah ada versi lain untuk TPS ini", "Bandingkan dengan versi itu di bawah. Kalau isian Anda yang benar, kirim sebagai koreksi."],
  "too-large": ["Kiriman terlalu besar", "Hapus foto yang tidak perlu lalu kirim lagi."],
  "unsupported-media-type": ["Jenis berkas tidak diterima", "Ambil foto lagi dengan kamera HP."],
  "idempotency-mismatch": ["Kiriman ini bertabrakan dengan kiriman lain", "Buka isian, periksa, lalu kirim lagi."],
  "confirmation-required": ["Ada angka yang tidak cocok", "Periksa angka bertanda. Perbaiki kalau salah ketik, atau tandai sesuai formulir kalau di kertas memang begitu."],
  "invalid-form": ["Isian belum bisa diterima", "Perbaiki bagian yang disebut di bawah ini."],
  infected: ["Foto ditolak pemeriksa virus", "Hapus foto itu, ambil lagi dengan kamera HP, lalu kirim."],
  "too-many-requests": ["Terlalu banyak permintaan", "Tunggu sebentar. Aplikasi mencoba lagi sendiri."],
  "precondition-required": ["Aplikasi perlu dimuat ulang", "Muat ulang aplikasi lalu kirim lagi. Isian tetap tersimpan di HP."],
};

/** Refusals of which the server knows more than these words. */
const TOLD_BY_SERVER = ["bad-request", "invalid-form", "gone", "infected"];

/** A refusal in words: {title, action, detail}. */
export function problemWords(problem, kind = "report") {
  if (problem?.photo) {
    return { title: "Foto belum bisa diterima server", action: "Hapus foto itu atau ambil lagi dengan kamera, lalu kirim.", detail: problem.detail ?? null };
  }
  if (kind === "review" && problem?.code === "stale-revision") {
    return { title: "Formulir ini baru saja dikoreksi", action: "Buka isian lalu kirim lagi. Bacaan Anda tetap tersimpan di HP.", detail: null };
  }
  const [title, action] = PROBLEMS[problem?.code] ?? [problem?.title ?? "Kiriman ditolak", "Buka isian, periksa, lalu kirim lagi. Kalau tetap ditolak, hubungi PPK."];
  const detail = TOLD_BY_SERVER.includes(problem?.code) || !PROBLEMS[problem?.code] ? problem?.detail : null;
  return { title, action, detail: detail ?? null };
}

/** Why signing in did not work. */
export function signInWords(answer) {
  if (answer === null) return "Server tidak menjawab. Periksa sinyal lalu coba lagi; isian Anda aman di HP.";
  if (answer.status === 401) return "Nama akun, kode, atau kata sandi tidak cocok. Kode aktivasi hanya berlaku satu kali.";
  if (answer.status === 429) return `Terlalu banyak percobaan. Tunggu ${Math.max(1, Math.ceil(answer.retryAfterMs / 60000))} menit lalu coba lagi.`;
  if (answer.status >= 500) return "Server sedang sibuk. Coba lagi sebentar lagi.";
  return answer.body?.errors?.[0]?.detail ?? answer.body?.detail ?? "Isian tidak lengkap. Periksa lalu coba lagi.";
}
