// SPDX-License-Identifier: Apache-2.0
// The program that `app.main` makes.
#include <fmt/core.h>
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <charconv>
#include <deque>

#include "engine.hpp"
#include "input.hpp"

namespace weir {
namespace {

using detail::engine;
using detail::line_input;

/// The app that a signal stops: a handler has no argument, so this is the one variable of the
/// process. A second signal ends the program at once.
std::atomic<engine*> to_stop = nullptr;
extern "C" void weir_on_signal(int number) {
    if (auto* e = to_stop.exchange(nullptr)) e->stop();
    else ::signal(number, SIG_DFL), ::raise(number);
}
class stop_on_signals {
public:
    explicit stop_on_signals(engine& e) {
        to_stop = &e;
        struct sigaction a {};
        a.sa_handler = weir_on_signal;
        ::sigaction(SIGINT, &a, &interrupt_), ::sigaction(SIGTERM, &a, &terminate_);
    }
    stop_on_signals(const stop_on_signals&) = delete;
    stop_on_signals& operator=(const stop_on_signals&) = delete;
    ~stop_on_signals() {
        to_stop = nullptr;
        ::sigaction(SIGINT, &interrupt_, nullptr), ::sigaction(SIGTERM, &terminate_, nullptr);
    }

private:
    struct sigaction interrupt_ {}, terminate_ {};  // what the program had
};

duration parse_duration(const std::string& text) {
    using namespace std::chrono_literals;
    struct unit {
        const char* name;
        duration of;
    };
    long long n = 0;
    const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), n);
    for (auto& u : {unit{"ms", 1ms}, unit{"s", 1s}, unit{"min", 1min}, unit{"h", 1h}})
        if (bad == std::errc{} && n >= 0 && n <= duration::max() / u.of &&
            std::string{end, text.data() + text.size()} == u.name)
            return n * u.of;
    throw setup_error{"weir: '" + text + "' is no duration: write 500ms, 2s, 5min or 1h"};
}
std::pair<std::string, std::string> split(const std::string& text, const char* option,
                                          const char* shape) {
    const auto at = text.find('=');
    if (at == 0 || at == std::string::npos)
        throw setup_error{std::string{"weir: "} + option + ' ' + text + ": write " + option + ' ' +
                          shape};
    return {text.substr(0, at), text.substr(at + 1)};
}

/// What runs beside the loop: inputs that are fed in, and the line that says how far it is.
class companions final : public detail::side_job {
public:
    companions(engine& e, const std::vector<std::string>& inputs, const clock& c)
        : of_(e), clock_(c) {
        for (auto& i : inputs) {
            const auto [topic, file] = split(i, "--input", "topic=file.jsonl");
            if (file == "-" && std::exchange(standard_input_, true))
                throw setup_error{"weir: --input " + i +
                                  ": standard input feeds another topic already: give it once"};
            inputs_.emplace_back(find(topic), file, e.broker(), c);
        }
        for (auto& i : inputs_) e.sleeper().watch(i.fd());
    }
    ~companions() {
        for (auto& i : inputs_) of_.sleeper().unwatch(i.fd());
    }
    bool turn() override {
        bool busy = false;
        for (auto& i : inputs_) {
            const auto before = i.fd();
            busy |= i.turn();
            if (before >= 0 && i.fd() < 0) of_.sleeper().unwatch(before);
        }
        if (terminal_ && clock_.steady() >= next_) show("\r");
        return busy;
    }
    bool failed() const override { return !error().empty(); }
    std::string error() const {
        for (auto& i : inputs_)
            if (!i.error().empty()) return i.error();
        return {};
    }
    void end() {
        if (terminal_ && shown_) show("\r"), fmt::print(stderr, "\n");
    }

private:
    const detail::topic_info& find(const std::string& name) const {
        std::string all;
        for (auto& [known, t] : of_.topics()) {
            if (known == name) return t;
            if (!t.internal) all += (all.empty() ? "" : ", ") + known;
        }
        throw setup_error{"weir: --input " + name +
                          ": the program has no such topic; it has: " + all};
    }
    void show(const char* begin) {
        const auto now = clock_.steady();
        const auto n = of_.messages_read();
        const std::chrono::duration<double> since = now - last_;
        const auto rate =
            shown_ && since.count() > 0 ? static_cast<double>(n - last_n_) / since.count() : 0.0;
        std::size_t held = 0;
        for (auto& p : of_.status()) held += p.held;
        fmt::print(stderr, "{}{} messages read, {:.0f}/s, {} held   ", begin, n, rate, held);
        std::fflush(stderr);
        last_ = now, last_n_ = n, next_ = now + std::chrono::milliseconds{500}, shown_ = true;
    }
    engine& of_;
    const clock& clock_;
    std::deque<line_input> inputs_;
    bool standard_input_ = false;  // is one of them
    const bool terminal_ = ::isatty(STDERR_FILENO) != 0;
    bool shown_ = false;
    time_point next_{}, last_{};
    std::size_t last_n_ = 0;
};

struct arguments {
    std::string broker, format = "text", until_idle;
    std::vector<std::string> set, inputs;
    duration idle = duration::max();
};

int run_app(engine& e, const arguments& a) {
    auto& options = e.options();
    if (!a.broker.empty()) options.broker = a.broker;
    for (auto& s : a.set) options.kafka.push_back(split(s, "--set", "property=value"));
    companions beside{e, a.inputs, e.time()};
    stop_on_signals guard{e};
    try {
        e.run(&beside, a.idle);
    } catch (...) {
        beside.end();
        throw;
    }
    beside.end();
    if (beside.failed()) throw error{beside.error()};
    return exit_code::ok;
}

int print_graph(const engine& e, const std::string& format) {
    const auto& g = e.graph();
    fmt::print("{}", format == "dot" ? g.dot() : format == "mermaid" ? g.mermaid() : g.text());
    return exit_code::ok;
}

}  // namespace

int app::main(int argc, const char* const* argv) {
    auto& e = *engine_;
    arguments a;
    CLI::App cli{e.id() + ": a program of streams, made with weir. Without a command it runs."};
    cli.fallthrough();
    cli.require_subcommand(0, 1);
    cli.add_subcommand("run", "Process the streams until stopped (SIGINT, SIGTERM)");
    auto* draw =
        cli.add_subcommand("graph", "Print what the pipelines are made of; starts nothing");
    auto* topics = cli.add_subcommand("topics", "List the topics; starts nothing");
    auto* agents = cli.add_subcommand("agents", "List the agents; starts nothing");
    cli.add_option("--broker", a.broker, "memory://, memory://NAME or kafka://host:port")
        ->envname("WEIR_BROKER");
    cli.add_option("--set", a.set, "A librdkafka property, as property=value; may be repeated")
        ->allow_extra_args(false);
    cli.add_option("--input", a.inputs,
                   "Feed a topic of the embedded broker: topic=file.jsonl, or topic=-")
        ->allow_extra_args(false);
    auto* idle = cli.add_option("--until-idle", a.until_idle,
                                "Stop when nothing has happened for so long, as in 2s");
    draw->add_option("--format", a.format, "text, mermaid or dot")
        ->check(CLI::IsMember({"text", "mermaid", "dot"}));
    cli.footer(
        "Exit codes: 0 stopped as asked; 1 an error's policy was stop, or an input was bad; 2 "
        "wrong usage.");
    const std::string program =
        argc > 0 ? std::string{argv[0]}.substr(std::string{argv[0]}.rfind('/') + 1) : e.id();
    try {
        cli.parse(argc, argv);
        if (idle->count() > 0) a.idle = parse_duration(a.until_idle);
        if (draw->parsed()) return print_graph(e, a.format);
        if (topics->parsed()) {
            for (auto& [name, t] : e.topics())
                fmt::print("{}{}\n", name, t.internal ? " (internal)" : "");
            return exit_code::ok;
        }
        if (agents->parsed()) {
            for (auto& name : e.agent_names()) fmt::print("{}\n", name);
            return exit_code::ok;
        }
        return run_app(e, a);
    } catch (const CLI::ParseError& p) {
        if (p.get_exit_code() == 0) return cli.exit(p);  // --help
        fmt::print(stderr, "{}: {}; see {} --help\n", program, p.what(), program);
        return exit_code::usage;
    } catch (const setup_error& s) {
        fmt::print(stderr, "{}: {}\n", program, s.what());
        return exit_code::usage;
    } catch (const std::exception& x) {
        fmt::print(stderr, "{}: {}\n", program, x.what());
        return exit_code::failed;
    }
}

}  // namespace weir
