// SPDX-License-Identifier: Apache-2.0
// prog completion bash|zsh: the script is run by a shell, as a shell would at a tab.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include <weir/weir.hpp>

#include "cli/captured.hpp"
#include "cli/process.hpp"
#include "cli/temp_file.hpp"

namespace {

tests::printed shop_says(const std::vector<const char*>& arguments) {
    weir::app app{"shop"};
    app.agent("sort", app.topic<std::string, int>("orders") |
                          weir::group_by([](int n) { return n; }, "n") | weir::to("sorted"));
    return tests::run(app, arguments);
}

/// What bash offers for these words, the last of which is being typed.
std::string offered(const std::string& words) {
    const temp_file script{shop_says({"completion", "bash"}).out +
                           "compopt() { :; }\n"  // outside of a completion there is none
                           "COMP_WORDS=(prog " +
                           words +
                           ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n"
                           "_weir_prog\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n"};
    tests::process bash{{script.path().c_str()}, "/bin/bash"};
    auto text = bash.read_rest();
    CHECK(bash.wait() == 0);
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
}

}  // namespace

TEST_CASE("bash completes commands, options and what they take") {
    CHECK(offered("gr") == "graph ");
    CHECK(offered("--keyed") == "--keyed-input --keyed-output ");
    CHECK(offered("--format ''") == "text mermaid dot ");
    CHECK(offered("graph --fo") == "--format ");
    CHECK(offered("run --fo") == " ");
    CHECK(offered("graph --format = d") == "dot ");
    CHECK(offered("--output ''") == "orders sorted ");
    CHECK(offered("--keyed-input so") == "sorted= ");
    CHECK(offered("send o") == "orders ");
    CHECK(offered("--broker kafka --input orders = file send o") == "orders ");
    CHECK(offered("--until-idle = 2s explain s") == "sorted ");
    CHECK(offered("send orders --key") == "--keyed-input --keyed-output --key ");
    CHECK(offered("completion ''") == "bash zsh ");
    CHECK(offered("--broker ''") == " ");
}

TEST_CASE("bash completes files where a file is named") {
    const temp_file f{"x"};
    const auto part = f.path().substr(0, f.path().size() - 1);
    CHECK(offered("--set-file " + part) == f.path() + ' ');
    CHECK(offered("--input orders = " + part) == f.path() + ' ');
}

TEST_CASE("zsh's script names what there is, and a wrong shell is answered with those there are") {
    const auto said = shop_says({"completion", "zsh"});
    CHECK(said.code == weir::exit_code::ok);
    CHECK(said.out.starts_with("#compdef prog\n"));
    for (const char* part : {"'*--until-idle[", "'graph:", "(text mermaid dot)", "orders sorted",
                             "else compdef _weir_prog prog"}) {
        CAPTURE(part);
        CHECK(said.out.find(part) != said.out.npos);
    }
    CHECK(said.out.find("repartition") == said.out.npos);
    CHECK(shop_says({"completion", "fish"}).code == weir::exit_code::usage);
    CHECK(shop_says({"completion"}).code == weir::exit_code::usage);
}
