#!/bin/sh
# The matcher beside Hyperscan on SpamAssassin's rules, in one run, hits compared.
#
#   benches/scan.sh FOLDER [KIND]     FOLDER of mails; KIND of rules: body (default), head, uri, rawbody, full
#
# Needs SpamAssassin (its Perl modules and stock rules) for the inputs; without libhyperscan-dev and a C compiler only the
# matcher runs. Inputs and programs go to target/scan.
set -eu
cd "$(dirname "$0")/.."
folder=$1
kind=${2:-body}
out=target/scan
mkdir -p $out
[ -s $out/rules.tsv ] || perl benches/sa_text.pl rules $out/rules.tsv
text=$out/$(printf %s "$folder" | tr -c 'A-Za-z0-9\n' _).bin
[ -s "$text" ] || perl benches/sa_text.pl text "$text" "$folder"
grep "^$kind	" $out/rules.tsv > $out/kind.tsv
[ "$kind" = body ] || echo "these are $kind rules, but over the text that body rules see"
cargo build --release --ignore-rust-version --bench scan --message-format=json 2> /dev/null |
    sed -n 's/.*"executable":"\([^"]*scan-[^"]*\)".*/\1/p' > $out/program
wehr=$(cat $out/program)

echo "== all patterns that are linear"
"$wehr" $out/kind.tsv "$text" 4
echo "== all patterns, bounded ones too"
bounded=1 "$wehr" $out/kind.tsv "$text" 4

if ! cc -O2 -o $out/hyperscan benches/hyperscan/scan.c -lhs 2> /dev/null; then
    echo "no Hyperscan here: nothing to compare with"
    exit 0
fi
"$wehr" $out/kind.tsv "$text" which > $out/ours
$out/hyperscan $out/kind.tsv "$text" which > $out/theirs
awk -F'\t' -v ours=$out/ours -v theirs=$out/theirs 'BEGIN {
    while ((getline name < ours) > 0) a[name] = 1
    while ((getline name < theirs) > 0) b[name] = 1
} a[$2] && b[$2]' $out/kind.tsv > $out/common.tsv
echo "== $(wc -l < $out/common.tsv) patterns that both take, interleaved"
for round in 1 2 3; do
    $out/hyperscan $out/common.tsv "$text" 3 $out/hits.theirs
    "$wehr" $out/common.tsv "$text" 4 $out/hits.ours
done
sort $out/hits.ours > $out/hits.a
sort $out/hits.theirs > $out/hits.b
echo "== hits: $(comm -12 $out/hits.a $out/hits.b | wc -l) of both, $(comm -23 $out/hits.a $out/hits.b | wc -l) of ours alone," \
    "$(comm -13 $out/hits.a $out/hits.b | wc -l) of theirs alone"
