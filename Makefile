# Every command that a person or CI runs. `make help` lists them.

.DEFAULT_GOAL := help
.PHONY: help run demo test faults simulate screens lint fmt api bench bench-append bench-people bench-storm bench-feed sqlx audit layers sizes services image try-image

help: ## List these commands
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Install what is missing, build, start with demo data, say what to open
	@scripts/run.sh

demo: ## Fill the instance that `make run` started with a small community (it does so itself)
	@target/release/kith demo --data .data

test: ## Install what is missing, run every check and test; this is what CI runs
	@scripts/test.sh

faults: ## Break a running system in every way we know, three seeds each; writes target/faults/report.md
	@scripts/faults.sh

SEEDS ?= 500000
simulate: ## Run many random schedules of the delivery (SEEDS=500000), from a fresh place each day
	@cargo run --quiet -p kith-sim --example simulate -- $$(($$(date +%s) / 86400 * 1000000)) $(SEEDS)

screens: ## Only the pictures of every screen of the web client, in target/screens, with accessibility checks
	@cargo build -p kith && scripts/web.sh && cd clients/web && npm run --silent journeys -- screens

lint: ## Only the checks that need no database: format, layers, sizes
	@cargo fmt --all --check && scripts/layers.sh && scripts/sizes.sh

fmt: ## Format everything
	@cargo fmt --all

layers: ## Check which crate may depend on which
	@scripts/layers.sh

sizes: ## Print file sizes; fails above 500 lines
	@scripts/sizes.sh --table

api: ## Write the description of the REST calls, and the TypeScript types that follow from it
	@scripts/api.sh

sqlx: ## Write the offline query data (services/*/.sqlx) from the migrations
	@scripts/sqlx.sh

services: ## Start a throw-away Postgres and Redis for working on the code; prints what to export
	@scripts/services.sh start

bench: ## Measure this machine beside its limits; writes target/bench/index.html (a quarter of an hour; WORKLOADS=sends,latency: only these; BENCH=--quick)
	@scripts/bench.sh $(if $(WORKLOADS),--only $(WORKLOADS)) $(BENCH)

bench-append: ## Measure the two forms of the append against each other
	@scripts/bench.sh append

bench-people: ## Measure search and suggestions among a million generated people (a quarter of an hour; KEEP=DIR keeps them for the next time)
	@scripts/bench.sh people $(if $(KEEP),--keep $(KEEP))

bench-storm: ## Kill (DRAIN=1: stop) a node with SOCKETS=5000 and measure how they come back (STATEMENTS=1: and what the database runs)
	@scripts/bench.sh storm --sockets $(or $(SOCKETS),5000) $(if $(DRAIN),--drain) $(if $(STATEMENTS),--statements)

bench-feed: ## Measure how fast a backend can read the feed
	@scripts/bench.sh feed

audit: ## Licences, advisories, unused dependencies, proto lint: compiles its tools first, so not in CI
	@scripts/audit.sh

image: ## Build the container image `kith:dev`
	@docker build -f deploy/docker/Dockerfile -t kith:dev .

try-image: ## Try docker-compose.yml from beginning to end: build, talk, restart, stop
	@deploy/docker/try.sh
