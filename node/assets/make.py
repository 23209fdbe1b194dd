#!/usr/bin/env python3
"""Makes the data files of this directory again. What they are: README.md.

    npm pack idn-area-data@3.1.2 && tar xzf idn-area-data-3.1.2.tgz
    python3 make.py package/data DATA .

DATA is a directory with `wilayah_2024.csv.gz`, `tps_luar_negeri_2024.csv.gz`, `kedatangan_unggahan_2024.csv.gz`
and `resmi_2024_provinsi.csv`. The same input gives the same bytes.
"""

import collections
import csv
import datetime
import gzip
import pathlib
import sys

# The tree is cut in two so that no file is larger than 256 KiB.
WEST = {"11", "12", "13", "14", "15", "16", "17", "18", "19", "21", "31", "32", "33"}
CURVE_START = datetime.datetime(2024, 2, 14, 12, 0)
CURVE_BINS = 144
CURVE_BIN_MINUTES = 10


def rows(path):
    """Rows of a CSV file, gzip or plain."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def write_text(path, lines):
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")


def write_tree(path, regions):
    """One region a line: its own digits, then its name. A village that follows the one before has no digits."""
    lines = []
    village = None
    for code, name in regions:
        if len(code) == 10:
            number = int(code[6:])
            lines.append(f"{'' if village is not None and number == village + 1 else code[6:]} {name}")
            village = number
        else:
            mark = {2: "@", 4: "=", 6: "-"}[len(code)]
            lines.append(f"{mark}{code[-2:]} {name}")
            village = None
    text = "".join(line + "\n" for line in lines).encode()
    with open(path, "wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=9, mtime=0) as file:
        file.write(text)


def make_tree(package, out):
    regions = []
    for name in ("provinces", "regencies", "districts", "villages"):
        regions += [(row["code"].replace(".", ""), row["name"].strip()) for row in rows(package / f"{name}.csv")]
    regions.sort()
    codes = {code for code, _ in regions}
    parents = {code[:6] if len(code) == 10 else code[:-2] for code in codes if len(code) > 2}
    assert parents <= codes and len(codes) == len(regions) == 91_592, len(regions)
    write_tree(out / "regions-west.txt.gz", [region for region in regions if region[0][:2] in WEST])
    write_tree(out / "regions-east.txt.gz", [region for region in regions if region[0][:2] not in WEST])
    return codes


def make_stations(data, codes, out):
    """Stations per regency, ordinary and special ones apart."""
    home, special = collections.Counter(), collections.Counter()
    for row in rows(data / "wilayah_2024.csv.gz"):
        if row["tingkat"] == "2":
            home[row["kode"]] += int(row["jumlah_tps"])
        if row["tingkat"] == "4" and row["tps_ext_awal"]:
            special[row["kode"][:4]] += int(row["tps_ext_akhir"]) - int(row["tps_ext_awal"]) + 1
    assert set(home) == {code for code in codes if len(code) == 4}, "regencies differ"
    assert sum(home.values()) == 820_161
    write_text(
        out / "stations-per-regency.csv",
        ["regency,stations,special"] + [f"{code},{home[code]},{special[code]}" for code in sorted(home)],
    )


def make_abroad(data, out):
    """Countries, cities, and per city and kind the number of stations."""
    countries, cities, stations = {}, {}, collections.Counter()
    kinds = {"TPS": "tpsln", "KSK": "ksk", "POS": "pos"}
    for row in rows(data / "tps_luar_negeri_2024.csv.gz"):
        countries[row["kode_negara"]] = row["negara"]
        cities[row["kode_kota"]] = row["kota"]
        stations[row["kode_tps"], kinds[row["tps/pos/ksk"]]] += 1
    assert sum(stations.values()) == 3_205 and len({code for code, _ in stations}) == len(stations)
    lines = [(code, name, "") for code, name in countries.items()]
    lines += [(code, name, "") for code, name in cities.items()]
    lines += [(code, kind, count) for (code, kind), count in stations.items()]
    assert not any("," in name for _, name, _ in lines)
    lines.sort()
    write_text(out / "stations-abroad.csv", ["code,name,stations"] + [f"{a},{b},{c}" for a, b, c in lines])


def make_curve(data, out):
    """Arrivals per ten minutes, from noon of 14 to noon of 15 February 2024, Jakarta time."""
    bins = collections.Counter()
    for row in rows(data / "kedatangan_unggahan_2024.csv.gz"):
        minute = datetime.datetime.strptime(row["menit_wib"], "%Y%m%d%H%M")
        bins[(minute - CURVE_START) // datetime.timedelta(minutes=CURVE_BIN_MINUTES)] += int(row["tps_foto_pertama"])
    lines = [f"{(CURVE_START + datetime.timedelta(minutes=CURVE_BIN_MINUTES * i)):%Y-%m-%dT%H:%M},{bins[i]}" for i in range(CURVE_BINS)]
    write_text(out / "arrival.csv", ["from_wib,stations"] + lines)


def make_official(data, out):
    """Votes of each pair per province; four provinces share a row; the nation last."""
    lines = ["provinces,option_100025,option_100026,option_100027"]
    for row in rows(data / "resmi_2024_provinsi.csv"):
        votes = [row[key] for key in ("p1_anies_muhaimin", "p2_prabowo_gibran", "p3_ganjar_mahfud")]
        code = "0" if row["kode"] == "00" else row["kode"]
        lines.append(",".join([code, *votes]))
    write_text(out / "official-results.csv", lines)


def main():
    package, data, out = map(pathlib.Path, sys.argv[1:4])
    codes = make_tree(package, out)
    make_stations(data, codes, out)
    make_abroad(data, out)
    make_curve(data, out)
    make_official(data, out)


if __name__ == "__main__":
    main()
