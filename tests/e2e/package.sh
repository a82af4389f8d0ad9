#!/usr/bin/env bash
# The recipes for Spack and EasyBuild (scripts/package), executed with stand-ins for both: names, versions and knobs. install.sh checks
# that the files are installed that EasyBuild looks for.
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
version=$(sed -n 's/^.define BUSBAR_VERSION "\(.*\)"/\1/p' bench/base/version.h)
cat >"$work/recipes.py" <<'PY'
"""recipes.py easyconfig FILE | spack FILE SPEC: prints what the recipe does, one fact a line."""
import os
import sys
import types

kind, path = sys.argv[1:3]
source = compile(open(path, encoding="utf-8").read(), path, "exec")
if kind == "easyconfig":
    known = {"SOURCE_TAR_GZ": "%(name)s-%(version)s.tar.gz", "SYSTEM": "SYSTEM"}
    exec(source, known)
    names = {"name": known["name"], "version": known["version"], "installdir": "/prefix"}
    names["cudaver"] = next((d[1] for d in known["dependencies"] if d[0] == "CUDA"), "")
    suffix = known.get("versionsuffix", "") % names
    toolchain = known["toolchain"]
    print(f"file {known['name']}-{known['version']}-{toolchain['name']}-{toolchain['version']}{suffix}.eb")
    for tarball in known["sources"]:
        print("tarball", tarball % names)
    for word in known["buildopts"].split():
        print("build", word)
    for word in (known["installopts"] % names).split():
        print("install", word)
else:
    facts = []
    parts = types.SimpleNamespace

    class Prefix(str):
        bin = "/part/bin"

    part = parts(prefix=Prefix("/part"), mpicc="/part/bin/mpicc", libs=parts(directories=["/part/lib"]))

    class Spec:
        def __contains__(self, variant):
            return variant in sys.argv[3]

        def __getitem__(self, name):
            return part

    api = types.ModuleType("spack.package")
    for directive in "license version variant depends_on".split():
        setattr(api, directive, lambda *words, _name=directive, **more: facts.append((_name,) + words))
    api.Package, api.join_path = object, os.path.join
    api.make = lambda *words: facts.extend(("make", word) for word in words)
    sys.modules["spack"], sys.modules["spack.package"] = types.ModuleType("spack"), api
    known = {}
    exec(source, known)
    recipe = known["Busbar"]()
    recipe.spec = Spec()
    recipe.install(recipe.spec, "/prefix")
    recipe.setup_run_environment(parts(prepend_path=lambda *words: facts.append(("prepend_path",) + words)))
    print("tarball", os.path.basename(recipe.url))
    for fact in facts:
        print(*fact)
PY
facts() { python3 "$work/recipes.py" "$@" >"$work/facts"; }
# knobs: the recipe sets several knobs, and the Makefile has each.
knobs() {
    local word known count=0
    known=" $(sed -n '/^KNOBS := /,/[^\\]$/p' Makefile | tr -s '\\\t\n' ' ') PREFIX "
    while read -r word; do
        count=$((count + 1))
        case $known in *" ${word%=} "*) ;; *) echo "$word is no knob of the Makefile:$known"; return 1 ;; esac
    done < <(grep -oE '\b[A-Z_]+=' "$work/facts" | sort -u)
    [ $count -gt 2 ]
}

for recipe in scripts/package/easybuild/*.eb; do
    name=${recipe##*/}
    check "$name is read" facts easyconfig "$recipe"
    check 'its name agrees with what it says' grep -qx "file $name" "$work/facts"
    check "its tarball is make dist's" grep -qx "tarball busbar-$version.tar.gz" "$work/facts"
    check 'its knobs are those of the Makefile' knobs
    check 'install gets the knobs of build' diff <(sed -n 's/^build //p' "$work/facts") <(sed -n 's/^install //p' "$work/facts" | grep -v '^PREFIX=/prefix$')
done
recipe=scripts/package/spack/packages/busbar/package.py
check 'the recipe for Spack is executed' facts spack "$recipe" +cuda
check "its tarball is make dist's" grep -qx "tarball busbar-$version.tar.gz" "$work/facts"
check 'its version is that of the sources' grep -qx "version $version" "$work/facts"
check 'its knobs are those of the Makefile' knobs
check 'with CUDA' grep -qx 'make CUBLASLT_HOME=/part' "$work/facts"
check 'it installs below its prefix' grep -qx 'make PREFIX=/prefix' "$work/facts"
check 'build and install get the same knobs' diff <(sed -n '/^make install$/q; s/^make //p' "$work/facts") <(sed -n '1,/^make install$/d; /PREFIX=/d; s/^make //p' "$work/facts")
check 'matmul finds the BLAS' grep -qx 'prepend_path LD_LIBRARY_PATH /part/lib' "$work/facts"
check 'without CUDA' facts spack "$recipe" ''
check 'it is left out' grep -qx 'make CUDA=no' "$work/facts"
named=$(grep -oE 'busbar-[0-9][^ ]*\.eb' scripts/package/README.md | sort -u)
check 'the README names the easyconfigs that are there' test "$named" = "$(find scripts/package/easybuild -name '*.eb' -printf '%f\n' | sort)"
check 'and their version' grep -qF "spack dev-build busbar@$version" scripts/package/README.md
