// SPDX-License-Identifier: Apache-2.0
// librdkafka's properties from the command line, files and the environment.
#pragma once
#include <string>
#include <vector>

#include <weir/options.hpp>

namespace weir::detail {

/// Splits "a=b". If there is no name, throws setup_error that shows what the option looks like.
std::pair<std::string, std::string> split(const std::string& text, const std::string& option,
                                          const std::string& shape);
/// A later value replaces an earlier one of the same name.
void put(properties&, std::string name, std::string value);

/// `WEIR_SET_fetch_min_bytes=1` is fetch.min.bytes: `_` stands for a dot, `__` for an underscore.
void put_environment(properties&, const char* const* environment);
/// Reads lines `name=value`. Empty lines and those that begin with `#` are ignored, and spaces
/// around name and value too. Throws setup_error that names the file and the line. It never shows a
/// value, which may be a password.
void put_file(properties&, const std::string& path);
/// Puts each `--set name=value`.
void put_arguments(properties&, const std::vector<std::string>&);

}  // namespace weir::detail
