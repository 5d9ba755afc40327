// SPDX-License-Identifier: Apache-2.0
// What weir throws, and the exit codes of a program.
#pragma once
#include <stdexcept>
#include <string>

namespace weir {

/// Every exception of weir. `what()` is a sentence that says where it happened and what to do about
/// it.
struct error : std::runtime_error {
    /// A null byte in it is written as \0: what() would end there.
    explicit error(const std::string& sentence);
};
/// The program, its options or its arguments are wrong: thrown before the loop starts. Exit code 2.
struct setup_error : error {
    using error::error;
};
/// Bytes that the codec cannot decode. Thrown by codecs; the topic's `on_decode_error` decides.
struct decode_error : error {
    using error::error;
};
/// A value that its codec cannot write: NaN as JSON, text that is not UTF-8. Thrown by codecs when
/// a message is made.
struct encode_error : error {
    using error::error;
};

/// The exit codes of `app.main` and `test_driver::exit_code`.
namespace exit_code {
inline constexpr int ok = 0;      // stopped as asked
inline constexpr int failed = 1;  // an error's policy was `stop`, or the broker could not be used
inline constexpr int usage = 2;   // wrong options, arguments or set-up: nothing was started
}  // namespace exit_code

/// Prints the error on standard error behind the program's name, as `app.main` does, and returns
/// its exit code. For errors before `app.main` is called:
///
///     int main(int argc, char** argv) try {
///         …
///         return app.main(argc, argv);
///     } catch (const std::exception& e) {
///         return weir::report_error(argv, e);
///     }
int report_error(const char* const* argv, const std::exception&) noexcept;

}  // namespace weir
