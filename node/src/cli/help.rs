//! Help texts in the language of the environment.
//!
//! Invariant: every help text stands here once in both languages; a test finds one that does not.

use clap::{Arg, ArgAction, Command};

use crate::messages::{Language, language};

/// Indonesian and English of each help text; a text written in one is shown in the other where that is asked for.
const PAIRS: &[(&str, &str)] = &[
    (
        "Rekapitulasi suara pemilu yang direplikasi: simpul, alat, dan demo",
        "Election tallies, replicated: a node, its tools and a demo",
    ),
    ("Menjawab dengan JSON di keluaran standar", "Answer as JSON on standard output"),
    ("Menjalankan simpul sampai dihentikan", "Run a node until it is told to stop"),
    (
        "Membuat data simpul-simpul pertama klaster baru dan administrator pertamanya",
        "Make the data of a new cluster's first nodes, and its first administrator",
    ),
    (
        "Membuat data satu simpul tambahan untuk klaster yang sedang berjalan",
        "Make the data of one more node of a running cluster",
    ),
    (
        "Menampilkan simpul, pemimpin, dan kemajuan masing-masing",
        "Show the nodes, the leader and how far each is",
    ),
    ("Membandingkan keadaan semua simpul di satu indeks", "Compare the states of all nodes at one index"),
    (
        "Menanyai semua simpul dan membandingkan; tanpa ini satu saja",
        "Ask every node and compare; without it one only",
    ),
    (
        "Memeriksa seluruh data simpul yang tidak berjalan tanpa mengubahnya",
        "Look through the data of a node that does not run, changing nothing",
    ),
    ("Direktori data simpul", "Data directory of the node"),
    ("Memuat wilayah, kontes, akun, dan suara", "Load regions, contests, accounts and tallies"),
    ("Mengurus foto dan pindaian formulir", "Look after photos and scans of forms"),
    (
        "Memperlihatkan semua lampiran tersimpan kepada pemindai virus sekali lagi",
        "Show all stored attachments to the virus scanner once more",
    ),
    (
        "Mengambil cadangan klaster yang berjalan, atau memeriksanya",
        "Take a backup of a running cluster, or verify one",
    ),
    ("Membuat data klaster baru dari cadangan", "Make the data of a new cluster from a backup"),
    ("Melanjutkan setelah mayoritas hilang", "Go on after a majority was lost"),
    ("Direktori cadangan; dibuat bila belum ada", "Directory of backups; made where it is missing"),
    ("Direktori cadangan", "Directory of backups"),
    (
        "URL listener ops dari simpul yang berjalan; boleh berulang, yang pertama menjawab dipakai",
        "URL of the ops listener of a running node; may be repeated, the first that answers is used",
    ),
    ("Memeriksa setiap bita dan baris sebuah cadangan", "Check every byte and row of a backup"),
    ("Nama cadangan; tanpa ini yang terbaru", "Name of the backup; the newest without it"),
    (
        "Nama klaster baru; tanpa ini nama klaster lama",
        "Name of the new cluster; that of the old one without it",
    ),
    (
        "Melihat data semua simpul yang selamat, mengusulkan yang terbaik, menyebut apa yang mungkin hilang",
        "Look at the data of all survivors, propose the best, say what may be lost",
    ),
    (
        "Membuat klaster baru dengan satu simpul dari data yang terbaik",
        "Make a new cluster of one node from the best survivor",
    ),
    (
        "Direktori data simpul yang selamat dan sudah dihentikan; boleh berulang",
        "Data directory of a survivor that is stopped; may be repeated",
    ),
    ("Direktori data tempat melanjutkan; hanya dibaca", "Data directory to go on from; it is only read"),
    (
        "Direktori data simpul lain yang selamat; boleh berulang",
        "Data directory of another survivor; may be repeated",
    ),
    (
        "Nomor pemilih yang dilepas untuk selamanya; semua harus disebut",
        "Number of a voter that is given up for ever; all of them must be named",
    ),
    ("Nama klaster, diketik sebagai konfirmasi", "Name of the cluster, typed to confirm"),
    (
        "Pengaturan simpul itu; direktori datanya harus kosong",
        "Settings of the node; its data directory must be empty",
    ),
    ("Membuat otoritas sertifikat dan sertifikat", "Make a certificate authority and certificates"),
    ("Memeriksa atau menampilkan pengaturan", "Check or show settings"),
    (
        "Menyalakan klaster di mesin ini dan memainkan penghitungan 2024",
        "Start a cluster on this machine and play the count of 2024 into it",
    ),
    ("Membuat otoritas sertifikat untuk klaster baru", "Make the certificate authority of a new cluster"),
    (
        "Mengganti otoritas selagi klaster berjalan: membuat yang baru dan berkas berisi keduanya",
        "Replace the authority while the cluster runs: makes a new one and a bundle of both",
    ),
    (
        "Mengakhirinya: mengeluarkan otoritas lama dari berkas itu",
        "End it: take the old authority out of the bundle",
    ),
    (
        "Menarik kembali sertifikat dan menulis daftar semua yang ditarik",
        "Call a certificate back and write the list of all that were",
    ),
    ("Sertifikat yang ditarik kembali (PEM)", "The certificate to call back (PEM)"),
    (
        "Berkas daftar; setiap simpul menyebutnya sebagai tls.crl",
        "File for the list; every node names it as tls.crl",
    ),
    ("Menerbitkan sertifikat satu simpul", "Issue the certificates of one node"),
    ("Direktori otoritas sertifikat", "Directory of the certificate authority"),
    ("Nama klaster", "Name of the cluster"),
    ("Nomor simpul", "Number of the node"),
    ("Simpul tepi: hanya membaca", "An edge node: reads only"),
    (
        "Nama host atau alamat IP tempat simpul dijangkau; boleh berulang",
        "Host name or IP address under which the node is reached; may be repeated",
    ),
    ("Direktori hasil", "Directory for the result"),
    ("Memeriksa berkas pengaturan", "Check a settings file"),
    (
        "Menampilkan pengaturan yang berlaku: berkas, lingkungan, lalu --set",
        "Show the settings in force: file, environment, then --set",
    ),
    ("Berkas pengaturan (TOML)", "Settings file (TOML)"),
    ("Mengganti satu pengaturan; boleh berulang", "Override one setting; may be repeated"),
    (
        "Direktori untuk seluruh klaster: otoritas dan satu direktori per simpul",
        "Directory for the whole cluster: the authority and one directory per node",
    ),
    ("Banyaknya simpul", "Number of nodes"),
    (
        "Porta pertama: simpul i memakai P+10i (publik), +1 (petugas), +2 (antarsimpul), +3 (operator)",
        "First port: node i takes P+10i (public), +1 (officer), +2 (peer), +3 (ops)",
    ),
    (
        "Alamat simpul, berulang sesuai urutan; satu alamat berarti semua di mesin itu",
        "Address of a node, repeated in their order; a single one means all on that machine",
    ),
    ("Nama administrator pertama", "User name of the first administrator"),
    (
        "Berkas kata sandi administrator; tanpa ini dibaca dari masukan standar",
        "File with the administrator's password; read from standard input without it",
    ),
    (
        "Pengaturan simpul pertama, untuk klaster satu simpul",
        "Settings of the first node, for a cluster of one",
    ),
    (
        "URL listener ops dari simpul yang berjalan; boleh berulang",
        "URL of the ops listener of a running node; may be repeated",
    ),
    (
        "Sertifikat yang ditunjukkan kepada listener ops, dari otoritas klaster ini (PEM)",
        "Certificate to show to the ops listener, of this cluster's authority (PEM)",
    ),
    ("Kunci sertifikat itu (PEM)", "Key of that certificate (PEM)"),
    (
        "Mengundang, menaikkan, dan mengeluarkan simpul, menyerahkan kepemimpinan",
        "Invite, promote and remove nodes, hand leadership over",
    ),
    (
        "Mengundang satu simpul baru dan menunggu sampai ia bergabung",
        "Invite one new node and stay until it has joined",
    ),
    (
        "Memberi hak suara kepada simpul belajar yang sudah menyusul",
        "Let a learner vote once it has caught up",
    ),
    (
        "Melakukannya walau tersisa kurang dari tiga pemilik suara; perlu --name",
        "Do it although fewer than three voters are left; needs --name",
    ),
    (
        "Memberi hak suara kepada simpul belajar di tempat simpul lain, mati atau hidup",
        "Let a learner that has caught up vote in the place of another node, dead or alive",
    ),
    ("Nomor simpul yang pergi", "Number of the node that goes"),
    ("Nomor simpul belajar", "Number of the learner"),
    (
        "Memberi tahu klaster bahwa simpul dijangkau di alamat lain",
        "Tell the cluster that a node is reached under other addresses",
    ),
    (
        "Mengosongkan simpul: menyerahkan kepemimpinan dan menyatakan diri tidak siap",
        "Take a node out of use: it hands leadership over and says that it is not ready",
    ),
    ("Memakai lagi simpul yang dikosongkan", "Use a drained node again"),
    ("Alamat bagi simpul lain (HOST:PORT)", "Where its peers reach it (HOST:PORT)"),
    ("Alamat bagi petugas", "Where officers reach it"),
    ("Alamat bagi publik", "Where the public reaches it"),
    ("Mengeluarkan simpul dari klaster untuk selamanya", "Take a node out of the cluster for good"),
    (
        "Menyerahkan kepemimpinan kepada satu simpul, atau yang terbaik",
        "Hand leadership to a node, or to the best one",
    ),
    (
        "Berkas undangan; bawa ke simpul baru dan jalankan `rakit join` di sana",
        "File for the invitation; take it to the new node and run `rakit join` there",
    ),
    ("Menit berlakunya undangan", "Minutes the invitation lasts"),
    ("Undangan dari `rakit node invite`", "Invitation made by `rakit node invite`"),
    (
        "Menyisihkan data dan sertifikat yang ada dan kembali sebagai simpul baru",
        "Set data and certificates that are there aside and come back as a new node",
    ),
    ("Pengaturan simpul baru", "Settings of the new node"),
    ("Berkas cluster.json", "A cluster.json file"),
    (
        "URL petugas sebuah simpul; boleh berulang, yang lain dipakai bila satu mati",
        "Officer URL of a node; may be repeated, another is used when one dies",
    ),
    ("Sertifikat otoritas yang dipercaya (PEM)", "Certificate of the authority to trust (PEM)"),
    ("Nama pengguna", "User name"),
    (
        "Berkas kata sandi; tanpa ini dari RAKIT_PASSWORD, lalu masukan standar",
        "File with the password; without it RAKIT_PASSWORD, then standard input",
    ),
    ("Memuat pohon wilayah dan TPS (CSV)", "Load the tree of regions and stations (CSV)"),
    ("Memuat kontes (JSON)", "Load contests (JSON)"),
    ("Memuat suara per TPS (CSV)", "Load tallies by station (CSV)"),
    (
        "Memuat akun (CSV: username,password,role,scope; tanpa kata sandi diberi kode sekali pakai)",
        "Load accounts (CSV: username,password,role,scope; without a password they get a one-time code)",
    ),
    (
        "Direktori untuk kode dan lembar yang dicetak; dibaca lagi bila impor dijalankan lagi",
        "Directory for the codes and the sheets to print; read again when the import is run again",
    ),
    (
        "Alamat aplikasi entri pada lembar; bila tidak, alamat simpul",
        "Address of the entry app, for the sheets; else that of the node",
    ),
    (
        "Memberi kode baru juga kepada akun yang sudah ada: sesinya berakhir",
        "Give a new code to accounts that are there, too: they are signed out",
    ),
    ("Berkas yang dimuat, boleh .gz", "File to load; may be .gz"),
    ("Kontes", "The contest"),
    (
        "Mengirim sekali lagi, terkonfirmasi, yang perlu konfirmasi",
        "Send what needs confirmation once more, confirmed",
    ),
    (
        "Menambahkan TPS yang belum terdaftar: abroad (luar negeri)",
        "Add stations that are not registered: abroad",
    ),
    (
        "Daftar TPS luar negeri (CSV) untuk nama dan jenisnya",
        "Register of stations abroad (CSV), for their names and kinds",
    ),
    ("Batch yang dikirim sekaligus", "Batches on their way at once"),
    (
        "Menulis situs publik sebagai berkas, untuk server web atau CDN apa pun",
        "Write the public site as files, for any web server or CDN",
    ),
    (
        "Direktori situs; akar server web adalah DIR/current",
        "Directory of the site; a web server's root is DIR/current",
    ),
    (
        "URL publik sebuah simpul; boleh berulang, yang lain dipakai bila satu mati",
        "Public URL of a node; may be repeated, another is used when one dies",
    ),
    (
        "Halaman terbawah; halaman kecamatan memuat semua kelurahannya, di bawahnya berkas sepuluh kali lebih banyak",
        "The lowest pages; a district's has all its villages, and below it come ten times as many files",
    ),
    ("Bersama berkas berbentuk Sirekap", "With the files of Sirekap's shape"),
    ("Versi yang disimpan, termasuk yang tampil", "Versions that stay, the one that is shown included"),
    (
        "Berjalan terus sampai dihentikan, sekian detik dari putaran ke putaran",
        "Go on until stopped, so many seconds from one round to the next",
    ),
    (
        "Bersama --interval: detik sampai setiap halaman ditanyakan lagi, demi nama dan rilis baru",
        "With --interval: seconds after which every page is asked for again, for new names and releases",
    ),
    ("Halaman yang diminta sekaligus", "Pages asked for at once"),
    (
        "Detik tanpa satu pun jawaban sebelum putaran menyerah",
        "Seconds without any answer before the round gives up",
    ),
    (
        "Detik tanpa satu pun jawaban sebelum impor menyerah",
        "Seconds without any answer before the import gives up",
    ),
];

/// The text in the language asked for; as it is where it is not in the list.
fn translated(text: &str, wanted: Language) -> Option<&'static str> {
    let (indonesian, english) =
        PAIRS.iter().find(|(indonesian, english)| *indonesian == text || *english == text)?;
    Some(match wanted {
        Language::Indonesian => indonesian,
        Language::English => english,
    })
}

/// The command with its help in the language of the environment.
pub(super) fn localised(command: Command) -> Command {
    into_language(command, language())
}

fn into_language(command: Command, wanted: Language) -> Command {
    let about = command.get_about().map(ToString::to_string);
    let mut command = match about.as_deref().and_then(|about| translated(about, wanted)) {
        Some(about) => command.about(about),
        None => command,
    };
    let indonesian = wanted == Language::Indonesian;
    if indonesian {
        let version = command.get_version().is_some();
        command = command
            .help_template("{about-with-newline}\nPemakaian: {usage}\n\n{all-args}")
            .subcommand_help_heading("Perintah")
            .disable_help_flag(true)
            .arg(own_flag("help", 'h', ArgAction::Help, "Menampilkan bantuan ini"));
        if version {
            let flag = own_flag("version", 'V', ArgAction::Version, "Menampilkan versi");
            command = command.disable_version_flag(true).propagate_version(false).arg(flag);
        }
    }
    command = command.mut_args(|argument| {
        let help = argument.get_help().map(ToString::to_string);
        let argument = match help.as_deref().and_then(|help| translated(help, wanted)) {
            Some(help) => argument.help(help),
            None => argument,
        };
        if indonesian {
            let heading = if argument.is_positional() { "Argumen" } else { "Pilihan" };
            return argument.help_heading(heading);
        }
        argument
    });
    command.mut_subcommands(|subcommand| into_language(subcommand, wanted))
}

/// clap's own flags speak English only; these stand in their place.
fn own_flag(name: &'static str, short: char, action: ArgAction, help: &'static str) -> Arg {
    Arg::new(name).short(short).long(name).action(action).help(help)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn texts(command: &Command, found: &mut Vec<String>) {
        found.extend(command.get_about().map(ToString::to_string));
        found.extend(command.get_arguments().filter_map(|argument| Some(argument.get_help()?.to_string())));
        for subcommand in command.get_subcommands().filter(|command| command.get_name() != "demo") {
            texts(subcommand, found);
        }
    }

    #[test]
    fn the_command_is_well_formed() {
        super::super::Cli::command().debug_assert();
        into_language(super::super::Cli::command(), Language::Indonesian).debug_assert();
    }

    #[test]
    fn every_help_text_is_there_in_both_languages() {
        let mut found = Vec::new();
        texts(&super::super::Cli::command(), &mut found);
        assert!(found.len() > 30);
        for text in found {
            assert!(translated(&text, Language::Indonesian).is_some(), "no translation of: {text}");
        }
    }
}
