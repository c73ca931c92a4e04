# Everything is done by the scripts in Scripts/; they say more in their first lines.
.DEFAULT_GOAL := help
.PHONY: help demo test build results format lint clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Set up, build, and prune a real model by 30 %
	@Scripts/demo

test: ## Set up, build, and run the tests
	@Scripts/test

build: ## Set up and build
	@Scripts/build --build-tests

results: ## Regenerate the table of Documentation/Results.md, over hours: WIKITEXT=wiki.test.raw
	@Benchmarks/results "$(WIKITEXT)" --document Documentation/Results.md --record Documentation/results.json --peer $(RESULTS)

format: ## Format the Swift sources in place
	@Scripts/format

lint: ## Check the style of sources and scripts
	@Scripts/lint

clean: ## Remove what was built (downloads stay in the cache folder)
	rm -rf .build demo-output demo-output.run
