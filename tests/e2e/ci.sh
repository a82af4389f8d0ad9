#!/usr/bin/env bash
# The CI examples in scripts/ci: their YAML parses, and their shell commands after `make` work unchanged: they measure the baseline again,
# the job's status is that of the verdict, and they write the summary and the JUnit file.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
if ! python3 -c 'import yaml' 2>/dev/null; then skip "CI examples" "python3 has no yaml"; exit 0; fi
if [ ! -x "$build/all_reduce" ]; then skip "CI examples" "build/all_reduce is not built"; exit 0; fi
root=$PWD
# As in a checkout where `make` was run and a baseline is committed.
mkdir "$work/site"
ln -s "$root/scripts" "$(readlink -f "$build")" "$work/site/"
[ -e "$work/site/build" ] || ln -s "$(readlink -f "$build")" "$work/site/build"
mkdir "$work/site/results"
cp results/*.tsv "$work/site/results/"
cd "$work/site" || exit 1
check "a run to keep" timeout 120 scripts/sweep --run good --drivers all_reduce --sizes 8,1K --launches 2 --max-seconds 0.02 --mode isolated --ranks-per-node 2
check "as the baseline that the examples name" build/busbar baseline save ci results/good
words() { # file, Python expression over the parsed YAML: prints the shell commands of one job, without `make`
    python3 -c 'import sys, yaml; d = yaml.safe_load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$@"
}
words scripts/ci/gitlab-ci.yml '"\n".join(w for w in d["busbar"]["script"] if w != "make")' >gitlab.sh || not_ok "GitLab's YAML"
words scripts/ci/github-actions.yml '[s["run"] for s in d["jobs"]["gate"]["steps"] if "check-regression" in s.get("run", "")][0]' >github.sh || not_ok "GitHub's YAML"
# A YAML parser reads the key `on` as true.
check "github: no event runs a fork's code" python3 -c 'import yaml
on = yaml.safe_load(open("scripts/ci/github-actions.yml"))[True]
assert set(on) == {"push", "workflow_dispatch", "schedule"} and on["push"] == {"branches": ["main"]}, on'
check "gitlab: nor does a merge request" python3 -c 'import yaml
rules = [r["if"] for r in yaml.safe_load(open("scripts/ci/gitlab-ci.yml"))["busbar"]["rules"]]
assert rules and not any("merge_request" in r for r in rules), rules'
for ci in gitlab github; do
    # CI runs shells with -e. Two small launches per side decide nothing; status 1 is a regression caused by other load on this machine.
    got=0
    GITHUB_STEP_SUMMARY=$work/summary timeout 120 bash -e "$ci.sh" >"$work/out" 2>"$work/err" || got=$?
    if [ "$got" -le 1 ]; then ok "$ci: the job ends with the verdict's status"; else not_ok "$ci: status $got"; cat "$work/out" "$work/err"; fi
    if grep -q '<testcase classname="busbar.compare"' busbar.xml; then ok "$ci: verdicts for its test report"; else not_ok "$ci: no verdicts in busbar.xml"; fi
    rm -rf busbar.xml results/check
done
if grep -q 'all_reduce' "$work/summary"; then ok "github: the summary has the table"; else not_ok "github: no table in the summary"; cat "$work/summary"; fi
rm -rf results/baselines/ci
GITHUB_STEP_SUMMARY=$work/summary expect_status "github: without the baseline the job fails, with its status" 2 bash -e github.sh
cd "$root" || exit 1
