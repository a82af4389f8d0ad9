# Man pages, completion, installation and the tarball.

# Man pages and completion come from the programs' option tables (EMULATOR runs programs that were built for another CPU).
$B/man/%.1: $B/%
	$(call say,MAN,$@)
	@mkdir -p $(@D)
	$Q$(EMULATOR) $< --man >$@
$B/man/busbar.1: $B/busbar scripts/scan scripts/help
	$(call say,MAN,$@)
	@mkdir -p $(@D)
	$Qfor c in $$($(EMULATOR) $< --completion); do $(EMULATOR) $< $$c --man >$(@D)/busbar-$$c.1 || exit; done
	$Q$(EMULATOR) $< sweep flags . -- --man | sed '1s,SCRIPTS/SWEEP,BUSBAR-SWEEP,; s,scripts/sweep,busbar-sweep,g' >$(@D)/busbar-sweep.1
	$Q{ printf '.SH THE SCRIPT busbar-scan\n.nf\n' && scripts/scan --help | sed 's/\\/\\e/g; s/-/\\-/g; s/^[.'\'']/\\\&&/'; echo .fi; } >>$(@D)/busbar-scan.1
	$Q$(EMULATOR) $< --man >$@
$B/completion/busbar: $(PROGRAMS) scripts/completion scripts/scan
	$(call say,MAKE,$@)
	@mkdir -p $(@D)
	$Qscripts/completion $(PROGRAMS) >$@
man: $(patsubst $B/%,$B/man/%.1,$(PROGRAMS)) $B/completion/busbar ## man pages and bash completion, in build/

install: all man ## copies programs, plug-ins, scripts, tables, man pages, completion and documents below PREFIX
	$(call say,INSTALL,$(DESTDIR)$(PREFIX))
	$Qscripts/install --build '$B' --to $(call quote,$(DESTDIR)$(PREFIX)) --plugins '$(addprefix $B/,$(PLUGINS))' \
	    $(if $(filter 1,$(NCCL_TESTS_NAMES)),--nccl-tests-names) $(PROGRAMS)

uninstall: ## removes what `make install` put below PREFIX, and nothing else
	@scripts/install --uninstall --to $(call quote,$(DESTDIR)$(PREFIX))

# The tarball has no .git, so it contains the hash in the file git-hash.
VERSION := $(shell sed -n 's/^.define BUSBAR_VERSION "\(.*\)"/\1/p' bench/base/version.h)
dist: ## build/busbar-VERSION.tar.gz: the sources that git knows, which build and pass their tests without git
	@GIT_HASH='$(GIT_HASH)' scripts/dist '$(VERSION)' '$B/busbar-$(VERSION).tar.gz' && echo '$B/busbar-$(VERSION).tar.gz'
.PHONY: man install uninstall dist
