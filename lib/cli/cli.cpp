// SPDX-License-Identifier: Apache-2.0
// The program that `app.main` makes: its commands and options.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include <weir/transport/topic_name.hpp>

#include "../app/engine.hpp"
#include "../escaped.hpp"
#include "../nearest.hpp"
#include "../transport/kafka/kafka.hpp"
#include "commands.hpp"
#include "completion.hpp"

namespace weir {
namespace {

using detail::arguments;

std::string name_of_program(const char* const* argv, const std::string& otherwise) {
    if (!argv || !argv[0]) return otherwise;
    const std::string path{argv[0]};
    return path.substr(path.rfind('/') + 1);
}

/// One command line: what CLI11 needs to know, and the result. A new command needs one line in
/// `add_commands`, one function in commands.hpp and some lines in help.cpp. What an option takes is
/// its type's name in CLI11, which completion uses too.
class command_line {
public:
    explicit command_line(const std::string& program) {
        cli_.fallthrough();
        cli_.require_subcommand(0, 1);
        cli_.set_version_flag("--version", fmt::format("{} (weir {}, librdkafka {})", program,
                                                       WEIR_VERSION, transport::kafka::version()));
        add_options();
        add_commands();
    }
    command_line(const command_line&) = delete;
    command_line& operator=(const command_line&) = delete;

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
    /// The shell that a completion is asked for; empty if none is.
    const std::string& shell() const { return shell_; }
    detail::command_description description(const std::string& program) const {
        detail::command_description d{program};
        for (auto* o : cli_.get_options()) d.options.push_back(described(*o));
        for (auto& [app, what] : commands_) {
            auto& c = d.commands.emplace_back();
            c.name = app->get_name();
            c.about = app->get_description();
            for (auto* o : app->get_options()) {
                if (o->get_positional()) c.arguments.push_back(o->get_type_name());
                else c.options.push_back(described(*o));
            }
        }
        return d;
    }
    /// Says what is wrong with a command line that cannot be parsed.
    std::string wrong(const CLI::ParseError& p, int argc, const char* const* argv) const {
        if (p.get_exit_code() != static_cast<int>(CLI::ExitCodes::ExtrasError)) return p.what();
        const auto rest = cli_.remaining(true);  // unordered
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
        if (given)
            return '\'' + name + "' is one argument too many: " + given->get_name() + " was given";
        return "there is no command '" + name + '\'' + detail::did_you_mean(name, names);
    }

    static detail::command_description::option described(const CLI::Option& o) {
        const bool takes = o.get_type_size() > 0;
        return {o.get_name(), o.get_description(), takes ? o.get_type_name() : std::string{}};
    }

    void add_options() {
        const auto list = [this](const char* name, std::vector<std::string>& into,
                                 const char* takes, const char* about) {
            cli_.add_option(name, into, about)->allow_extra_args(false)->type_name(takes);
        };
        const auto time = [this](const char* name, std::string& into, const char* about) {
            cli_.add_option(name, into, about)->type_name("TIME")->each([](const std::string& s) {
                detail::parse_duration(s);
            });
        };
        cli_.add_option("--broker", said_.broker, "the broker")
            ->envname("WEIR_BROKER")
            ->type_name("URL");
        list("--set", said_.set, "NAME=VALUE", "a librdkafka property");
        list("--set-file", said_.set_files, "FILE", "properties from a file");
        list("--input", said_.inputs, "TOPIC=FILE", "feed a topic with lines");
        list("--keyed-input", said_.keyed_inputs, "TOPIC=FILE", "the same, with keys");
        list("--output", said_.outputs, "TOPIC", "print what arrives in a topic");
        list("--keyed-output", said_.keyed_outputs, "TOPIC", "the same, with keys");
        cli_.add_option("--state-dir", said_.state_dir, "where snapshots of the tables are")
            ->type_name("DIR");
        time("--until-idle", said_.until_idle, "stop when nothing has happened for this time");
        time("--stats", said_.stats, "log counters at this interval");
    }
    void add_commands() {
        add("run", "process the streams until stopped", &detail::run);
        auto& graph = add("graph", "draw the pipelines", &detail::print_graph);
        graph.add_option("--format", said_.format, "the format of the graph")
            ->check(CLI::IsMember({"text", "mermaid", "dot"}).description(""))
            ->type_name("text|mermaid|dot");
        add("topics", "list the topics", &detail::print_topics);
        add("agents", "list the agents", &detail::print_agents);
        add("tables", "list the tables", &detail::print_tables);
        auto& table = add("table", "run, then print what a table has", &detail::print_table);
        table.add_option("TABLE", said_.table)->required()->type_name("TABLE");
        table.add_option("KEY", said_.key)->type_name("KEY");
        auto& reset = add("reset", "let a table begin anew", &detail::reset);
        reset.add_option("TABLE", said_.table)->type_name("TABLE");
        reset.add_flag("--all", said_.of_all, "all tables");
        reset.add_flag("--dry-run", said_.dry_run, "only say what would be done");
        auto& send = add("send", "send one message", &detail::send);
        send.add_option("TOPIC", said_.topic)->required()->type_name("TOPIC");
        send.add_option("VALUE", said_.value)->required()->type_name("VALUE");
        send.add_option("--key", said_.key, "the key of the message")->type_name("KEY");
        auto& explain = add("explain", "say what holds a commit back", &detail::explain);
        explain.add_option("TOPIC", said_.topic)->required()->type_name("TOPIC");
        explain.add_option("PARTITION", said_.partition)->required()->type_name("PARTITION");
        auto& completion = add("completion", "print a script for a shell", nullptr);
        completion.add_option("SHELL", shell_)
            ->required()
            ->check(CLI::IsMember({"bash", "zsh"}).description(""))
            ->type_name("bash|zsh");
    }

    using command = int (*)(detail::engine&, const arguments&);
    CLI::App& add(const char* name, const char* about, command what) {
        auto* sub = cli_.add_subcommand(name, about);
        sub->set_help_flag();  // one help text for all: --help goes to the parent
        commands_.emplace_back(sub, what);
        return *sub;
    }
    arguments said_;
    std::string shell_;
    CLI::App cli_;
    std::vector<std::pair<CLI::App*, command>> commands_;
};

}  // namespace

detail::asked detail::parse(const engine& e, const std::string& program, int argc,
                            const char* const* argv) {
    command_line line{program};
    const auto answer = [](std::string text, int code) {
        return asked{nullptr, {}, std::move(text), code};
    };
    try {
        auto what = line.parse(argc, argv);
        if (line.shell().empty()) return what;
        auto d = line.description(program);
        for (auto& [name, topic] : e.known_topics())
            if (!topic.internal && !transport::is_pattern(name)) d.topics.push_back(name);
        const bool bash = line.shell() == "bash";
        return answer(bash ? bash_completion(d) : zsh_completion(d), exit_code::ok);
    } catch (const CLI::CallForVersion& v) {
        return answer(std::string{v.what()} + '\n', exit_code::ok);
    } catch (const CLI::CallForHelp&) {
        return answer(help(program, e.id()), exit_code::ok);
    } catch (const CLI::ParseError& p) {
        return answer(line.wrong(p, argc, argv) + "; see " + program + " --help", exit_code::usage);
    } catch (const setup_error& s) { return answer(s.what(), exit_code::usage); }
}

int report_error(const char* const* argv, const std::exception& what) noexcept {
    std::fflush(stdout);
    try {
        fmt::print(stderr, "{}: {}\n", name_of_program(argv, "weir"), detail::escaped(what.what()));
    } catch (const std::exception&) {  // standard error is closed: only the exit code is left
    }
    const bool wrong_use = dynamic_cast<const setup_error*>(&what) != nullptr;
    return wrong_use ? exit_code::usage : exit_code::failed;
}

int app::main(int argc, const char* const* argv) {
    auto& e = *engine_;
    const auto program = name_of_program(argv, e.id());
    try {
        const auto asked = detail::parse(e, program, argc, argv);
        if (asked.command) return asked.command(e, asked.said);
        if (asked.code != exit_code::ok) throw setup_error{asked.text};
        fmt::print("{}", asked.text);
        return exit_code::ok;
    } catch (const std::exception& x) { return report_error(argv, x); }
}

}  // namespace weir
