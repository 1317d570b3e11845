# The README's two commands. Each first installs what the machine lacks.
.PHONY: demo test lint setup

demo: setup
	cargo run --release -- timelines/demo.ron -o demo.mp4 --overwrite
	@echo "The film: $(CURDIR)/demo.mp4"

test: setup
	cargo test

lint: setup
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings

setup:
	@scripts/setup.sh
