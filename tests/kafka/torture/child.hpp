// SPDX-License-Identifier: Apache-2.0
// A process that writes into a file, and is looked at without waiting.
#pragma once
#include <string>
#include <utility>
#include <vector>

namespace tests::torture {

class child {
public:
    using environment = std::vector<std::pair<std::string, std::string>>;
    /// Starts it; it dies with this process. What it prints is in the file.
    child(const std::vector<std::string>& command, const environment&, const std::string& file);
    child(const child&) = delete;
    child& operator=(const child&) = delete;
    /// Kills it if it runs.
    ~child();

    void signal(int number) const;
    /// Whether it runs still.
    bool runs();
    /// When it does not run any more: its exit code, or what ended it as a negative number.
    int code() const { return code_; }

private:
    int id_ = -1;
    int code_ = 0;
};

/// The last lines of a file.
std::string tail(const std::string& file, std::size_t lines);

}  // namespace tests::torture
