// SPDX-License-Identifier: Apache-2.0
// librdkafka's properties from outside the program: `--set`, `--set-file`, the environment.
#pragma once
#include <string>
#include <vector>

#include <weir/options.hpp>

namespace weir::detail {

/// "a=b" taken apart. Throws setup_error that shows the option's shape if there is no name.
std::pair<std::string, std::string> split(const std::string& text, const std::string& option,
                                          const std::string& shape);
/// A later value of a name takes the place of an earlier one.
void put(properties&, std::string name, std::string value);

/// `WEIR_SET_fetch_min_bytes=1` is fetch.min.bytes: `_` stands for a dot, `__` for an underscore.
void put_environment(properties&, const char* const* environment);
/// Lines `name=value`; empty ones and those that begin with `#` are passed over. Spaces around name
/// and value do not count. Throws setup_error that names file and line, and never shows a value: it
/// may be a password.
void put_file(properties&, const std::string& path);
/// `--set name=value`, each.
void put_arguments(properties&, const std::vector<std::string>&);

}  // namespace weir::detail
