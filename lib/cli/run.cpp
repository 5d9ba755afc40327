// SPDX-License-Identifier: Apache-2.0
// `prog run`: runs the app, with input, output and progress beside it.
#include <fmt/core.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <optional>

#include "../app/engine.hpp"
#include "commands.hpp"
#include "explain.hpp"
#include "input.hpp"
#include "notices.hpp"
#include "output.hpp"
#include "progress.hpp"
#include "properties.hpp"
#include "signals.hpp"

namespace weir::detail {
namespace {

// How long to wait on Kafka for the last messages of printed topics: for the join, and for a fetch.
constexpr auto join_most = std::chrono::seconds{10};
constexpr auto quiet_most = std::chrono::seconds{1};
// what it takes at the end, in all, beyond shutdown_timeout: to hear what was sent, to leave groups
constexpr duration leave_most = std::chrono::seconds{3}, confirm_most = std::chrono::seconds{5},
                   answer_least = std::chrono::milliseconds{200};

/// The inputs, the printed topics, the log lines and the progress of one run. Made before the run,
/// used on its thread.
class companions final : public side_job {
public:
    companions(engine& e, const arguments& a, const stop_on_signals& signals)
        : of_(e), signals_(signals), notices_(e, a.stats, signals), progress_(e) {
        if (a.explains) explains_.emplace(e, topic_partition{a.topic, a.partition});
        for (auto& o : a.outputs) add_output("--output ", o, false);
        for (auto& o : a.keyed_outputs) add_output("--keyed-output ", o, true);
        if (!outputs_.empty()) writer_.emplace(STDOUT_FILENO);
        for (auto& i : a.inputs) add_input("--input", i, false);
        for (auto& i : a.keyed_inputs) add_input("--keyed-input", i, true);
    }
    ~companions() { watch({}); }
    bool prints() const { return !outputs_.empty(); }

    bool turn(bool stopping) override {
        progress_.turn();
        notices_.turn();
        if (stopping) explain_now();
        if (stopping && stop_by_ == time_point::max())
            stop_by_ =
                later(later(of_.time().steady(), of_.options().shutdown_timeout), leave_most);
        bool busy = false;
        if (explains_ && wrong_.empty()) wrong_ = explains_->wrong();
        const bool feeds = !stopping && wrong_.empty();
        for (auto& i : inputs_)
            if (feeds) busy |= i.turn();
            else i.listen();
        return print() || busy;
    }
    void rest() override {
        notices_.rest(!inputs_.empty());
        progress_.rest();
        std::vector<descriptor> wanted;
        for (auto& i : inputs_) wanted.push_back({i.fd(), until::readable});
        const auto writer_until = writer_ && writer_->waits() ? until::writable : until::closed;
        if (writer_) wanted.push_back({writer_->fd(), writer_until});
        if (output_) wanted.push_back({output_->fd(), until::readable});
        watch(std::move(wanted));
    }
    time_point due() const override { return notices_.due(); }
    void before_end() override { explain_now(); }
    bool failed() const override { return !error().empty() || !wrong_.empty(); }
    bool ended() const override {  // on Kafka others may send to the topics
        return !explains_ && of_.embedded() && !inputs_.empty() &&
               std::all_of(inputs_.begin(), inputs_.end(), [](auto& i) { return i.over(); });
    }
    std::string error() const {
        for (auto& i : inputs_)
            if (!i.error().empty()) return i.error();
        return writer_ ? writer_->error() : std::string{};
    }
    /// What is wrong with the arguments, if only a run can tell; empty if nothing is.
    const std::string& wrong() const { return wrong_; }
    /// Called after the run: prints what it has sent, unless the reader has gone. A broker that has
    /// not answered the run is not waited for.
    void finish() {
        if (explains_ && wrong_.empty()) explains_->end();
        notices_.end();
        for (auto& i : inputs_) i.finish(left(confirm_most));
        if (of_.gave_up() && !error().empty()) of_.report().log(error());
        print_rest();
        if (output_) output_->leave(left(leave_most));
    }

private:
    using until = wakeup::until;
    struct descriptor {
        int fd;
        until what;
        bool operator==(const descriptor&) const = default;
    };
    /// What the broker may still take to answer.
    duration left(duration most) const {
        if (of_.gave_up()) return duration::zero();
        return std::clamp(stop_by_ - of_.time().steady(), answer_least, most);
    }
    void print_rest() {
        const auto now = [this] { return of_.time().steady(); };
        const auto begun = now();
        auto last = begun;
        while (output_ && !writer_->over()) {
            if (print()) {
                last = now();
                if (!of_.gave_up()) continue;
            }
            int fd = output_->fd();
            short events = POLLIN;
            // who asked to stop does not wait for ever; who reads slowly is waited for
            auto deadline = time_point::max();
            if (signals_.came() != 0) deadline = later(begun, of_.options().shutdown_timeout);
            if (writer_->waits()) {
                fd = writer_->fd();
                events = POLLOUT;
            } else if (of_.embedded() || of_.gave_up()) {
                return;
            } else {
                deadline =
                    std::min(deadline, output_->joined() ? last + quiet_most : begun + join_most);
            }
            if (now() >= deadline) return;
            pollfd p{fd, events, 0};
            if (::poll(&p, 1, 100) < 0 && signals_.came() != 0) return;
        }
    }
    void add_input(const char* option, const std::string& text, bool keyed) {
        const auto [topic, file] = split(text, option, "topic=file.jsonl");
        const auto where = option + (' ' + text);
        if (file == "-" && std::exchange(standard_input_, true))
            throw setup_error{"weir: " + where +
                              ": standard input feeds another topic already: give it once"};
        const auto& info = known_topic(of_, option + (' ' + topic), topic);
        inputs_.emplace_back(info, input_options{file, keyed, of_.passes_undecodable(topic)},
                             of_.connect("weir-input"), of_.time());
    }
    void add_output(const std::string& option, const std::string& topic, bool keyed) {
        const auto& info = known_topic(of_, option + topic, topic);
        const auto same = [&](const printed_topic& t) { return t.topic == &info; };
        const auto it = std::find_if(outputs_.begin(), outputs_.end(), same);
        if (it == outputs_.end()) outputs_.push_back({&info, keyed});
        else if (it->keyed != keyed)
            throw setup_error{"weir: " + option + topic +
                              ": it is printed without keys as well: give --output or "
                              "--keyed-output, not both"};
    }
    bool print() {
        if (outputs_.empty()) return false;
        if (!output_) {  // the topics exist now
            auto group = of_.id() + "-output";
            if (!of_.embedded()) {  // a group of its own for each run
                const auto now = of_.time().wall().time_since_epoch().count();
                group += fmt::format("-{}-{}", ::getpid(), now);
            }
            output_.emplace(outputs_, of_.connect(group), of_.embedded(), *writer_);
        }
        if (writer_->over()) return false;
        const bool read = output_->turn();
        // So that what the program printed before comes first.
        if (writer_->waits()) std::fflush(stdout);
        const bool wrote = writer_->turn();
        if (writer_->over()) of_.stop();
        return read || wrote;
    }
    /// The loop's sleep ends when one of these is ready. Replaces what was watched before.
    void watch(std::vector<descriptor> wanted) {
        std::erase_if(wanted, [](const descriptor& d) { return d.fd < 0; });
        if (wanted == watched_) return;
        for (auto& d : watched_) of_.sleeper().unwatch(d.fd);
        for (auto& d : wanted) of_.sleeper().watch(d.fd, d.what);
        watched_ = std::move(wanted);
    }

    void explain_now() {
        if (explains_ && wrong_.empty()) explains_->look();
    }

    engine& of_;
    const stop_on_signals& signals_;
    std::optional<explanation> explains_;
    std::string wrong_;
    std::vector<printed_topic> outputs_;
    std::deque<line_input> inputs_;
    bool standard_input_ = false;  // an input reads it
    std::optional<line_writer> writer_;
    std::optional<topic_output> output_;
    std::vector<descriptor> watched_;
    notices notices_;
    progress progress_;
    time_point stop_by_ = time_point::max();
};

}  // namespace

int run(engine& e, const arguments& a) {
    const auto idle = a.until_idle.empty() ? duration::max() : parse_duration(a.until_idle);
    apply_settings(e, a);
    std::string error;
    {
        stop_on_signals signals{e};
        companions beside{e, a, signals};
        std::optional<no_sigpipe> quiet;
        if (beside.prints()) quiet.emplace();
        try {
            e.run(&beside, idle);
        } catch (...) {
            beside.finish();
            throw;
        }
        beside.finish();
        error = beside.error();
        if (!beside.wrong().empty()) throw setup_error{beside.wrong()};
    }
    if (!error.empty()) throw weir::error{error};
    return exit_code::ok;
}

}  // namespace weir::detail
