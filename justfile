# Recipes call cargo and xtask and hold no logic of their own; `just` alone lists them.

# Lists the recipes.
default:
    @just --list --unsorted

# Builds and starts the binary with the given arguments.
run *args:
    cargo run -- {{ args }}

# Runs every test, as the README says it.
test:
    cargo test --workspace

# Runs the tests of one crate, for example `just crate logql`.
crate name:
    cargo test -p barogram-{{ name }}

# Lints all code; a warning is an error.
lint:
    cargo clippy --workspace --all-targets -- -D warnings

# Formats all code.
fmt:
    cargo fmt --all

# Checks style, structure and documents.
tidy:
    cargo xtask tidy

# Checks licences, sources and doubled versions of the dependencies.
deny:
    cargo deny check bans licenses sources

# Asks the advisory database about the dependencies (needs the network).
advisories:
    cargo deny check advisories

# Runs a real Airflow beside a real barogram, for example `just real-airflow 2 CeleryExecutor`.
real-airflow *args:
    integrations/real-airflow/run {{ args }}
