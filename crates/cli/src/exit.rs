//! Exit codes: 0 when all went well, 1 on any error, as logcli has it, unless a command has codes
//! of its own.

use std::fmt;
use std::io::IsTerminal;
use std::process::ExitCode;

/// A code other than 1: the context of an error that a command gives it to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// The code.
    pub code: u8,
    /// What failed.
    pub what: &'static str,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)
    }
}

/// Prints an error with its causes and gives the exit code.
#[expect(clippy::print_stderr, reason = "this is where errors meet the person")]
pub fn code(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let (red, plain) =
                if std::io::stderr().is_terminal() { ("\x1b[31m", "\x1b[0m") } else { ("", "") };
            eprintln!("{red}error:{plain} {error:#}");
            error.downcast_ref::<Code>().map_or(ExitCode::FAILURE, |code| code.code.into())
        }
    }
}

/// `barogram query … | head` ends the pipe early, and that is no error.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let is_pipe = |io: &std::io::Error| io.kind() == std::io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref::<std::io::Error>().is_some_and(is_pipe))
}
