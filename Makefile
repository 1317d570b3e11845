# The README's two commands. Each first installs what the machine lacks.
.PHONY: demo test test-farm lint setup

demo: setup
	cargo run --release -- timelines/demo.ron -o demo.mp4 --overwrite
	@echo "The film: $(CURDIR)/demo.mp4"

test: setup
	cargo test

# On real engines, which are installed: Slurm on two nodes of loopback, Open Job Description.
# The program is the one that `cargo test` builds: `cargo build` would compile much of it again.
test-farm:
	@SG3RENDER_FARM=1 scripts/setup.sh
	cargo test --no-run --test cli
	tests/farm/run.py

lint: setup
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings

setup:
	@scripts/setup.sh
