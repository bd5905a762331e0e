# The lab: a real fleet on one machine, built from Go modules alone.
# bin/fleetlab brings it up; what it runs and applies is in bin/lab.
# Included by the top Makefile; paths are relative to that.

GO ?= go
LAB := bin/lab
LAB_GO := $(GO) -C test/lab
# No -trimpath and no version control stamp: both are part of the key under
# which Go caches, the second anew with every commit.
LAB_BUILD := $(LAB_GO) build -buildvcs=false

# Kubernetes takes its version from the linker. kubectl cannot print a version
# without it, and Helm refuses charts that ask for one.
LAB_KUBE_VERSION = $(shell $(LAB_GO) list -m -f '{{.Version}}' k8s.io/kubernetes)
LAB_KUBE_PARTS = $(subst ., ,$(patsubst v%,%,$(LAB_KUBE_VERSION)))
LAB_KUBE_LDFLAGS = \
	-X k8s.io/component-base/version.gitVersion=$(LAB_KUBE_VERSION) \
	-X k8s.io/component-base/version.gitMajor=$(word 1,$(LAB_KUBE_PARTS)) \
	-X k8s.io/component-base/version.gitMinor=$(word 2,$(LAB_KUBE_PARTS)) \
	-X k8s.io/client-go/pkg/version.gitVersion=$(LAB_KUBE_VERSION)

# What bin/lab holds beside programs, and all that it is made of. The folders
# are in the list so that a deleted file counts as a change.
LAB_DATA := $(LAB)/.data
LAB_DATA_SOURCES := $(shell find examples pkg/apis/crds -type d -o -name '*.yaml') docs/rbac.yaml \
	test/lab/go.mod test/lab/lab.mk tools/go.mod

# Members may run a Flux that serves none of today's versions. These are the
# APIs of such releases: the folder in crds/old, the module, the packages.
LAB_OLD_FLUX := \
	flux-0.41/source-controller/api@v0.36.1/v1beta2 \
	flux-0.41/kustomize-controller/api@v0.35.1/v1beta2 \
	flux-0.41/helm-controller/api@v0.31.2/v2beta1 \
	flux-2.2/source-controller/api@v1.2.4/v1,v1beta2 \
	flux-2.2/kustomize-controller/api@v1.2.2/v1 \
	flux-2.2/helm-controller/api@v0.37.4/v2beta2

.PHONY: lab lab-programs
lab: lab-programs $(LAB_DATA) ## Build bin/fleetlab and what it runs, in bin/lab (the first time 12 to 20 minutes on 2 cores)

# Go itself knows what is up to date, in two seconds.
lab-programs:
	@test -x $(LAB)/kube || echo "lab: compiling etcd, Kubernetes, kwok and Flux's controllers from source;" \
		"with an empty build cache this takes 12 to 20 minutes on 2 cores, later seconds" >&2
	@mkdir -p $(LAB)
	@$(LAB_BUILD) -o ../../bin/ ./cmd/fleetlab
	@$(LAB_BUILD) -o ../../$(LAB)/ -ldflags '$(LAB_KUBE_LDFLAGS)' ./cmd/kube k8s.io/kubernetes/cmd/kubectl
	@$(GO) -C tools build -o ../$(LAB)/jq github.com/itchyny/gojq/cmd/gojq
	@$(LAB_BUILD) -o ../../$(LAB)/ ./cmd/content ./cmd/helm-controller-standin sigs.k8s.io/kwok/cmd/kwok \
		github.com/fluxcd/source-controller github.com/fluxcd/kustomize-controller

# module-dir is a module's folder in Go's module cache, downloaded if need be.
define LAB_MODULE_DIR
module_dir() { $(LAB_GO) mod download "$$1" && $(LAB_GO) list -m -f '{{.Dir}}' "$$1"; }
endef

$(LAB_DATA): $(LAB_DATA_SOURCES)
	@rm -rf $(LAB)/crds $(LAB)/kwok-stages $(LAB)/podinfo $(LAB)/examples $@
	@mkdir -p $(LAB)/crds/flux $(LAB)/crds/kurator $(LAB)/kwok-stages
	@set -eu; $(LAB_MODULE_DIR); \
	for module in source-controller kustomize-controller; do \
		dir=$$(module_dir github.com/fluxcd/$$module); \
		cp $$dir/config/crd/bases/*.yaml $(LAB)/crds/flux/; \
	done; \
	dir=$$(module_dir sigs.k8s.io/kwok); \
	cp $$dir/kustomize/stage/node/fast/node-initialize.yaml \
		$$dir/kustomize/stage/node/heartbeat/node-heartbeat.yaml \
		$$dir/kustomize/stage/pod/fast/pod-*.yaml $(LAB)/kwok-stages/; \
	dir=$$(module_dir github.com/stefanprodan/podinfo); \
	cp -R $$dir $(LAB)/podinfo
	@# helm-controller's module is not to be had, so its CRD is generated from its API.
	@set -eu; $(LAB_MODULE_DIR); module_dir github.com/fluxcd/helm-controller/api >/dev/null; \
	generator=$$($(GO) -C tools tool -n controller-gen); cd test/lab; \
	"$$generator" crd paths=github.com/fluxcd/helm-controller/api/v2 output:crd:dir=../../$(LAB)/crds/flux
	@# Neither are those of older releases: they are generated where their API is.
	@set -eu; $(LAB_MODULE_DIR); generator=$$($(GO) -C tools tool -n controller-gen); crds=$$PWD/$(LAB)/crds/old; \
	for api in $(LAB_OLD_FLUX); do \
		release=$${api%%/*}; versions=$${api##*/}; module=$${api#*/}; module=$${module%/*}; \
		dir=$$(module_dir github.com/fluxcd/$$module); \
		(cd $$dir && "$$generator" crd $$(printf 'paths=./%s ' $$(echo $$versions | tr , ' ')) \
			output:crd:dir=$$crds/$$release); \
	done
	@cp pkg/apis/crds/*.yaml $(LAB)/crds/kurator/
	@cp -R examples $(LAB)/examples
	@cp docs/rbac.yaml $(LAB)/rbac.yaml
	@# Files in the module cache are read-only.
	@chmod -R u+w $(LAB)/crds $(LAB)/kwok-stages $(LAB)/podinfo
	@touch $@
