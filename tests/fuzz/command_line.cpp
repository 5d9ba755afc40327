// SPDX-License-Identifier: Apache-2.0
// A command line, one argument a line: it asks for a command, or it is answered with a text. What
// the commands check before they begin is checked, too; nothing is run.
#include <iterator>
#include <set>

#include <weir/weir.hpp>

#include "app/engine.hpp"
#include "cli/commands.hpp"
#include "cli/properties.hpp"
#include "fuzz.hpp"

namespace {

using weir::detail::engine;

void check(engine& e, const weir::detail::arguments& said) {
    const auto sentence = [](auto check) {
        try {
            check();
        } catch (const weir::setup_error& x) {
            fuzz::require(std::string_view{x.what()}.starts_with("weir: "), "it is a sentence");
        }
    };
    weir::properties all;
    sentence([&] { weir::detail::put_arguments(all, said.set); });
    for (auto* list : {&said.inputs, &said.keyed_inputs})
        for (auto& i : *list)
            sentence([&] { weir::detail::split(i, "--input", "topic=file.jsonl"); });
    for (auto* list : {&said.outputs, &said.keyed_outputs})
        for (auto& o : *list) sentence([&] { weir::detail::known_topic(e, "--output " + o, o); });
    sentence([&] { weir::detail::known_topic(e, "send", said.topic); });
    for (auto* d : {&said.until_idle, &said.stats})
        if (!d->empty())
            fuzz::require(weir::detail::parse_duration(*d) >= weir::duration::zero(),
                          "a duration that was taken is one");
    const std::set<std::string> formats{"text", "mermaid", "dot"};
    fuzz::require(formats.contains(said.format), "a format that was taken is one");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static engine e{"a", {}};
    if (e.known_topics().empty()) e.topics().declare("orders", {}, {}, {});
    auto words = fuzz::split(fuzz::text(data, size), '\n');
    std::vector<const char*> argv{"prog"};
    for (auto& w : words) argv.push_back(w.c_str());
    const auto asked = weir::detail::parse(e, "prog", static_cast<int>(argv.size()), argv.data());
    if (asked.command) check(e, asked.said);
    else fuzz::require(!asked.text.empty(), "what is no command is answered");
    return 0;
}
