//! The thin binary: hands the process to [`ripcord::cli`] and exits with its code.

fn main() -> std::process::ExitCode {
    ripcord::cli::main()
}
