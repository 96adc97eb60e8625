//! `barogram check`

use std::io::Write;

use anyhow::{Result, bail};
use collector::configuration::{check, load};

use crate::args::CheckArgs;
use crate::machine::machine;
use crate::show::color;

pub(super) fn run(args: &CheckArgs) -> Result<()> {
    let (machine, is_coloured) = (machine(), color::wanted());
    let (mut wrong, mut out) = (0, std::io::stdout());
    for path in &args.files {
        for configuration in load(path)? {
            let checked = check(&configuration, &machine);
            wrong += checked.diagnostics.error_count();
            if !checked.diagnostics.is_empty() {
                writeln!(out, "{}", checked.rendered(is_coloured))?;
            }
        }
    }
    match wrong {
        0 => Ok(()),
        1 => bail!("there is 1 problem"),
        wrong => bail!("there are {wrong} problems"),
    }
}
