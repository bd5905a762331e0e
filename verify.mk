# What has to hold for every commit, and how to mend it. Included by Makefile.
#
# The tools are pinned in tools/go.mod and built once into bin/tools; they are
# built again when tools/go.mod changes.

GO ?= go

lint_tool := bin/tools/golangci-lint
gen_tool := bin/tools/controller-gen

lint_in_lab = ../../$(lint_tool) run -c ../../.golangci.yaml ./...

# Directories with Go code of ours, in both modules.
go_dirs := cmd pkg release test

# Kurator's groups, each with its types in pkg/apis/<group>/v1alpha1.
api_groups := apps cluster fleet

# $(call check,what,command,how to mend it): one line when it holds; the
# command's output and the way out when it does not.
define check
	@printf 'verify  %-56s ' '$(1)'; \
	if out=$$({ $(2); } 2>&1); then echo ok; else \
		printf 'FAILED\n%s\n%s\n' "$$out" '$(3)'; exit 1; fi
endef

# $(call generate-into,folder): everything that is generated, in the tree's
# own layout below folder.
define generate-into
	mkdir -p $(1)/pkg/apis/crds && \
	for group in $(api_groups); do \
		$(gen_tool) object paths=./pkg/apis/$$group/v1alpha1 \
			output:object:dir=$(1)/pkg/apis/$$group/v1alpha1 || exit 1; \
	done && \
	$(gen_tool) crd $(api_groups:%=paths=./pkg/apis/%/v1alpha1) output:crd:dir=$(1)/pkg/apis/crds
endef

.PHONY: verify
verify: verify-format verify-vet verify-lint verify-tidy verify-generated verify-krew ## Format, vet, lint, tidy, generated files: what every commit has to pass

.PHONY: verify-format
verify-format: $(lint_tool)
	$(call check,format,$(lint_tool) fmt --diff $(wildcard $(go_dirs)),make fmt mends this)

.PHONY: verify-vet
verify-vet:
	$(call check,vet,$(GO) vet ./...,mend what is listed above)
	$(call check,vet: test/lab (compiles Kubernetes once per cache),$(GO) -C test/lab vet ./...,mend what is listed above)

# In the lab only the linters that need no types: the others read the source of
# Kubernetes and Helm, which takes minutes on an empty cache (make lint-lab).
.PHONY: verify-lint
verify-lint: $(lint_tool)
	$(call check,lint and walls,$(lint_tool) run ./...,mend what is listed above; the rules are in .golangci.yaml)
	$(call check,lint: test/lab,cd test/lab && $(lint_in_lab) --fast-only,mend what is listed above; the rules are in .golangci.yaml)

.PHONY: lint-lab
lint-lab: $(lint_tool) ## Run every linter on the lab; minutes the first time
	@cd test/lab && $(lint_in_lab)

.PHONY: verify-tidy
verify-tidy:
	$(call check,go.mod,$(GO) mod tidy -diff,make tidy mends this)
	$(call check,go.mod: tools,$(GO) -C tools mod tidy -diff,make tidy mends this)
	$(call check,go.mod: test/lab,$(GO) -C test/lab mod tidy -diff,make tidy mends this)

.PHONY: verify-generated
verify-generated: $(gen_tool)
	$(call check,generated files,\
		dir=$$(mktemp -d) && trap "rm -rf $$dir" EXIT && \
		{ $(call generate-into,$$dir); } && \
		diff -ru -x "*.go" -x testdata pkg/apis/crds $$dir/pkg/apis/crds && \
		for group in $(api_groups); do \
			file=pkg/apis/$$group/v1alpha1/zz_generated.deepcopy.go && \
			diff -u $$file $$dir/$$file || exit 1; \
		done,make generate mends this)

.PHONY: verify-krew
verify-krew:
	$(call check,plugins/fleetapp.yaml is krew-manifest.yaml,\
		diff -u plugins/fleetapp.yaml krew-manifest.yaml,edit krew-manifest.yaml; make generate copies it)

.PHONY: generate
generate: $(gen_tool) ## Write the generated files: deepcopy, CRDs, plugins/fleetapp.yaml
	@rm -f pkg/apis/crds/*.yaml
	@$(call generate-into,.)
	@cp krew-manifest.yaml plugins/fleetapp.yaml

.PHONY: fmt
fmt: $(lint_tool) ## Format the Go code and sort its imports
	@$(lint_tool) fmt $(wildcard $(go_dirs))

.PHONY: tidy
tidy: ## Tidy the go.mod of each module
	@$(GO) mod tidy
	@$(GO) -C tools mod tidy
	@$(GO) -C test/lab mod tidy

# touch, because go build leaves an up-to-date file as it is.
$(lint_tool): tools/go.mod tools/go.sum
	@echo 'verify  building golangci-lint, once; some minutes on an empty build cache'
	@$(GO) -C tools build -o ../$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint && touch $@

$(gen_tool): tools/go.mod tools/go.sum
	@$(GO) -C tools build -o ../$@ sigs.k8s.io/controller-tools/cmd/controller-gen && touch $@
