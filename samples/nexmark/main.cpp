// SPDX-License-Identifier: Apache-2.0
// Runs a query: nexmark q1 run --until-idle 0s
#include <fmt/core.h>

#include <map>
#include <string>

#include "query.hpp"

namespace {

const std::map<std::string, void (*)(nexmark::query&)> known{
    {"q0", nexmark::q0}, {"q1", nexmark::q1}, {"q2", nexmark::q2}, {"q3", nexmark::q3},
    {"q4", nexmark::q4}, {"q5", nexmark::q5}, {"q7", nexmark::q7}, {"q8", nexmark::q8},
};

}  // namespace

int main(int argc, char** argv) try {
    const std::string name = argc > 1 ? argv[1] : "";
    if (!known.contains(name)) {
        fmt::print(stderr, "usage: nexmark q0|q1|q2|q3|q4|q5|q7|q8 run --until-idle 0s\n");
        return weir::exit_code::usage;
    }
    nexmark::query q{name};
    known.at(name)(q);
    const int code = q.run(argc - 1, argv + 1);
    q.print();
    return code;
} catch (const std::exception& e) {
    return weir::report_error(argv, e);
}
