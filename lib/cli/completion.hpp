// SPDX-License-Identifier: Apache-2.0
// `prog completion bash|zsh`: a script that makes a shell complete the program's command line.
#pragma once
#include <string>
#include <vector>

namespace weir::detail {

/// What the shell needs to know. It comes from the parser of the command line.
struct command_description {
    struct option {
        std::string name;   // "--input"
        std::string about;  // one line
        std::string takes;  // "TOPIC=FILE", "text|mermaid|dot"; empty: nothing
    };
    struct command {
        std::string name, about;
        std::vector<option> options{};
        std::vector<std::string> arguments{};  // as in `takes`
    };
    std::string program;
    std::vector<option> options{};  // those that every command has
    std::vector<command> commands{};
    std::vector<std::string> topics{};
};

std::string bash_completion(const command_description&);
std::string zsh_completion(const command_description&);

}  // namespace weir::detail
