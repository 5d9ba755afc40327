// SPDX-License-Identifier: Apache-2.0
// The program that `app.main` makes: its commands and options.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "../app/engine.hpp"
#include "../escaped.hpp"
#include "../nearest.hpp"
#include "commands.hpp"

namespace weir {
namespace {

using detail::arguments;

/// One command line: what CLI11 shall know, and what becomes of it. A new command is one
/// line in the constructor, one function in commands.hpp and some lines in help.cpp.
class command_line {
public:
    command_line() {
        cli_.fallthrough();
        cli_.require_subcommand(0, 1);
        cli_.add_option("--broker", said_.broker)->envname("WEIR_BROKER");
        add_list("--set", said_.set);
        add_list("--set-file", said_.set_files);
        add_list("--input", said_.inputs);
        add_list("--keyed-input", said_.keyed_inputs);
        add_list("--output", said_.outputs);
        add_list("--keyed-output", said_.keyed_outputs);
        const auto duration = [](const std::string& text) {
            detail::parse_duration(text);
            return std::string{};
        };
        cli_.add_option("--until-idle", said_.until_idle)->check(duration);
        cli_.add_option("--stats", said_.stats)->check(duration);

        add("run", &detail::run);
        auto& graph = add("graph", &detail::print_graph);
        graph.add_option("--format", said_.format)
            ->check(CLI::IsMember({"text", "mermaid", "dot"}));
        add("topics", &detail::print_topics);
        add("agents", &detail::print_agents);
        auto& send = add("send", &detail::send);
        send.add_option("TOPIC", said_.topic)->required();
        send.add_option("VALUE", said_.value)->required();
        send.add_option("--key", said_.key);
        auto& explain = add("explain", &detail::explain);
        explain.add_option("TOPIC", said_.topic)->required();
        explain.add_option("PARTITION", said_.partition)->required();
    }

    /// Throws CLI::ParseError or setup_error.
    detail::asked parse(int argc, const char* const* argv) {
        cli_.parse(argc, argv);
        for (auto& [app, what] : commands_)
            if (app->parsed()) {
                if (auto* key = app->get_option_no_throw("--key")) said_.has_key = key->count() > 0;
                return {what, std::move(said_)};
            }
        return {&detail::run, std::move(said_)};
    }
    /// The sentence for a command line that is none.
    std::string wrong(const CLI::ParseError& p, int argc, const char* const* argv) const {
        if (p.get_exit_code() != static_cast<int>(CLI::ExitCodes::ExtrasError)) return p.what();
        const auto rest = cli_.remaining(true);  // in no order
        for (int i = 1; i < argc; ++i)
            if (std::find(rest.begin(), rest.end(), argv[i]) != rest.end()) return unknown(argv[i]);
        return p.what();
    }

private:
    std::string unknown(const std::string& argument) const {
        const auto name = argument.substr(0, argument.find('='));
        std::vector<std::string> options, names;
        const CLI::App* given = nullptr;
        const auto add_options = [&](const CLI::App& of) {
            for (auto* o : of.get_options()) options.push_back(o->get_name());
        };
        add_options(cli_);
        for (auto& [app, what] : commands_) {
            names.push_back(app->get_name());
            if (!app->parsed()) continue;
            given = app;
            add_options(*app);
        }
        if (name.starts_with('-'))
            return "there is no option '" + name + '\'' + detail::did_you_mean(name, options);
        if (given) return '\'' + name + "' is one too many: " + given->get_name() + " was given";
        return "there is no command '" + name + '\'' + detail::did_you_mean(name, names);
    }

    using command = int (*)(detail::engine&, const arguments&);
    CLI::App& add(const char* name, command what) {
        auto* sub = cli_.add_subcommand(name, "");
        sub->set_help_flag();  // --help falls through: one text for all
        commands_.emplace_back(sub, what);
        return *sub;
    }
    void add_list(const char* name, std::vector<std::string>& into) {
        cli_.add_option(name, into)->allow_extra_args(false);
    }

    arguments said_;
    CLI::App cli_;
    std::vector<std::pair<CLI::App*, command>> commands_;
};

}  // namespace

detail::asked detail::parse(const engine& e, const std::string& program, int argc,
                            const char* const* argv) {
    command_line line;
    try {
        return line.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        return {nullptr, {}, help(program, e.id()), exit_code::ok};
    } catch (const CLI::ParseError& p) {
        return {nullptr,
                {},
                line.wrong(p, argc, argv) + "; see " + program + " --help",
                exit_code::usage};
    } catch (const setup_error& s) { return {nullptr, {}, s.what(), exit_code::usage}; }
}

int app::main(int argc, const char* const* argv) {
    auto& e = *engine_;
    const std::string program =
        argc > 0 ? std::string{argv[0]}.substr(std::string{argv[0]}.rfind('/') + 1) : e.id();
    const auto fail = [&](const std::string& what, int code) {
        std::fflush(stdout);
        fmt::print(stderr, "{}: {}\n", program, detail::escaped(what));
        return code;
    };
    try {
        const auto asked = detail::parse(e, program, argc, argv);
        if (asked.command) return asked.command(e, asked.said);
        if (asked.code != exit_code::ok) return fail(asked.text, asked.code);
        fmt::print("{}", asked.text);
        return exit_code::ok;
    } catch (const setup_error& s) {
        return fail(s.what(), exit_code::usage);
    } catch (const std::exception& x) { return fail(x.what(), exit_code::failed); }
}

}  // namespace weir
