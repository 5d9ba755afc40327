// SPDX-License-Identifier: Apache-2.0
// usage: torture [--seed N] [--seconds S | --minutes M] [--pipeline NAME] [--rate N] [--keep]
// Run it by tests/kafka/run.py, which gives it a broker.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "run.hpp"

using namespace tests::torture;

namespace {

options read(int argc, char** argv) {
    options o;
    for (int i = 1; i < argc; ++i) {
        const std::string name = argv[i];
        if (name == "--keep") {
            o.keep = true;
            continue;
        }
        if (++i == argc) throw std::runtime_error{name + " needs a value"};
        const auto number = std::strtoull(argv[i], nullptr, 10);
        if (name == "--seed") o.seed = number;
        else if (name == "--seconds") o.length = std::chrono::seconds{number};
        else if (name == "--minutes") o.length = std::chrono::minutes{number};
        else if (name == "--rate") o.rate = static_cast<int>(number);
        else if (name == "--pipeline") o.pipeline = argv[i];
        else throw std::runtime_error{"there is no option " + name};
    }
    return o;
}

/// The broker's helpers check with doctest, but this is no test case.
void fail(const doctest::AssertData& a) {
    if (a.m_failed) throw std::runtime_error{std::string{a.m_file} + ": " + a.m_expr};
}

}  // namespace

int main(int argc, char** argv) try {
    doctest::Context asserts;
    asserts.setAsDefaultForAssertsOutOfTestCases();
    asserts.setAssertHandler(fail);
    return run{read(argc, argv)}.go() ? 0 : 1;
} catch (const std::exception& e) {
    std::printf("FAIL torture: %s\n", e.what());
    for (auto& name : pipelines()) std::printf("    a pipeline: %s\n", name.c_str());
    return 1;
}
