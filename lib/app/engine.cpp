// SPDX-License-Identifier: Apache-2.0
#include "engine.hpp"

#include <algorithm>
#include <utility>
#include <string_view>

#include <weir/error.hpp>
#include <weir/transport/topic_name.hpp>

namespace weir::detail {
namespace {

// between two whole rounds while a pull range runs
constexpr auto loop_budget = std::chrono::milliseconds{20};
// A range whose values are passed within this looks at the clock at one in so many.
constexpr auto quick_pass = std::chrono::milliseconds{1};
constexpr int passes_a_look = 4;
// A group in this process takes a member in as soon as the others have given up what they had.
constexpr auto join_margin = std::chrono::seconds{15};
// Kafka waits three seconds for a new group's members, and that is nothing to tell.
constexpr auto join_line_first = std::chrono::seconds{5};
constexpr auto join_line_interval = std::chrono::seconds{15};
constexpr std::string_view memory = "memory://", kafka = "kafka://";
constexpr int chain_max = 64;  // topics derived of one another

void check(const app_options& o) {
    const auto positive = [](bool ok, const char* what) {
        if (!ok) throw setup_error{std::string{"weir: app_options::"} + what + " must be positive"};
    };
    positive(o.commit_interval > duration::zero(), "commit_interval");
    positive(o.stream_buffer_max > 0, "stream_buffer_max");
    positive(o.open_max > 0, "open_max");
    positive(o.drain_timeout > duration::zero(), "drain_timeout");
    positive(o.shutdown_timeout > duration::zero(), "shutdown_timeout");
    positive(o.offload_threads > 0, "offload_threads");
}
void check_partitions(const std::string& topic, partition_id n) {
    if (n < 0) throw setup_error{"weir: topic '" + topic + "': partitions must not be negative"};
}
/// A topic's own policy does not send its messages back to it.
void check(const policy& p, const std::string& topic = {}) {
    if (!p.has_dead_letters()) return;
    transport::check_topic_name(p.topic());
    if (p.topic() == topic)
        throw setup_error{"weir: topic '" + topic +
                          "' is to be its own dead letter topic: give them another one"};
}
/// What the graph says of a topic: its partitions and policies, where they are set, and the app's,
/// where they are not the usual.
std::string note_of(const topic_options& o, const app_options& app, bool read, bool written) {
    std::string text;
    const auto say = [&](const std::string& what) {
        text += (text.empty() ? "" : "; ") + what;
    };
    const auto say_policy = [&](const char* name, const policy& own, const policy& common) {
        const bool usual = !own.is_set() && common == policy{stop};
        if (!usual) say(name + (": " + (own.is_set() ? own : common).text()));
    };
    if (o.partitions > 0)
        say(std::to_string(o.partitions) + (o.partitions == 1 ? " partition" : " partitions"));
    if (read) say_policy("on_decode_error", o.on_decode_error, app.on_decode_error);
    if (written) say_policy("on_produce_error", o.on_produce_error, app.on_produce_error);
    return text;
}

}  // namespace

/// One thread turns the loop, and only from outside of it.
class engine::in_loop {
public:
    explicit in_loop(engine& e) : of_(e) {
        if (e.turning_.exchange(true))
            throw weir::error{
                "weir: run, poll or a pull range inside a body of the same app: its loop is "
                "turning already"};
    }
    in_loop(const in_loop&) = delete;
    in_loop& operator=(const in_loop&) = delete;
    ~in_loop() { of_.turning_ = false; }

private:
    engine& of_;
};

engine::engine(std::string id, app_options o)
    : settings_{std::move(id), std::move(o), nullptr, std::make_shared<home>()},
      report_(settings_.options.hooks) {
    if (settings_.app.empty())
        throw setup_error{"weir: an app needs an id: it is the consumer group's"};
    check(settings_.options);
    for (auto* p : {&settings_.options.on_decode_error, &settings_.options.on_error,
                    &settings_.options.on_produce_error})
        detail::check(*p);
    settings_.topics = this;
    settings_.clock = settings_.options.clock ? settings_.options.clock : &real_;
    settings_.home->wake_by(&wakeup_);
}

engine::~engine() {
    close();
    settings_.home->close();
}

void engine::close() noexcept {
    try {
        if (running()) stop();
        while (running())
            if (!turn() && !wait(duration::max(), false)) abandon();  // nothing will come
    } catch (...) {  // a hook's: there is nobody left to tell
        abandon();
    }
    end_run();
}

// ----------------------------------------------------------------------------------- what there is
topic_info& engine::declare(const std::string& name, topic_options o, const data_type& key,
                            const data_type& value) {
    transport::check_topic_name(name);
    check_partitions(name, o.partitions);
    detail::check(o.on_decode_error, name);
    detail::check(o.on_produce_error, name);
    auto& t = topics_.try_emplace(name).first->second;
    if (t.declared && !(t.options == o))
        throw setup_error{
            "weir: topic '" + name +
            "' is declared twice with different options: declare it once, and copy the handle"};
    t.name = name, t.options = std::move(o), t.declared = true, t.by = this;
    learn(t, key, value);
    return t;
}

topic_info& engine::declare_pattern(const std::string& pattern, topic_options o) {
    transport::check_pattern(pattern);
    check_partitions(pattern, o.partitions);
    detail::check(o.on_decode_error, "topics '" + pattern + "'");
    auto& t = topics_.try_emplace(pattern).first->second;
    if (t.declared && !(t.options == o))
        throw setup_error{
            "weir: topics '" + pattern +
            "' are declared twice with different options: declare them once, and copy the handle"};
    t.name = pattern, t.options = std::move(o), t.declared = true;
    return t;
}

topic_info& engine::derive(const std::string& name, partition_id partitions, bool internal,
                           const std::vector<topic_info*>& sources) {
    transport::check_topic_name(name);
    check_partitions(name, partitions);
    auto [it, made] = topics_.try_emplace(name);
    auto& t = it->second;
    if (made)
        t.name = name, t.options.partitions = partitions, t.internal = internal, t.by = this;
    for (auto* s : sources)
        if (std::find(t.sources.begin(), t.sources.end(), s) == t.sources.end())
            t.sources.push_back(s);
    return t;
}

agent_info& engine::add(std::string name, std::unique_ptr<blueprint> what, const agent_options& o,
                        bool pull) {
    const auto same = [&](const agent& a) { return a.info.name == name && !name.empty(); };
    if (!pull && name.empty()) throw setup_error{"weir: an agent needs a name"};
    if (std::any_of(agents_.begin(), agents_.end(), same))
        throw setup_error{"weir: there is an agent '" + name +
                          "' already: agents have unique names"};
    detail::check(o.on_error);
    auto drawn = graph_;  // kept only if the whole of it can be drawn
    sketch s{drawn, *this, settings_.app, name};
    what->draw(s);
    for (auto* from : s.sources())
        for (auto* to : s.passed_through())
            if (!to->internal && transport::matches(from->name, to->name))
                throw setup_error{"weir: agent '" + name + "': the pattern '" + from->name +
                                  "' matches '" + to->name +
                                  "', which the agent itself writes to: name that topic otherwise"};
    graph_ = std::move(drawn);
    auto& a = agents_.emplace_back();
    a.info.name = std::move(name), a.info.pull = pull, a.info.paused = pull;
    a.info.on_error = o.on_error.is_set() ? o.on_error : settings_.options.on_error;
    a.what = std::move(what), a.through = s.passed_through();
    added_ = true;
    if (running()) wakeup_.wake();  // for who waits on poll_fd
    return a.info;
}

weir::graph engine::graph() const {
    auto g = graph_;
    for (std::size_t i = 0; i < g.nodes().size(); ++i) {
        const auto it = topics_.find(g.nodes()[i].name);
        if (g.nodes()[i].kind != graph::kind::topic || it == topics_.end()) continue;
        const auto any = [&](auto end) {
            return std::any_of(graph_.edges().begin(), graph_.edges().end(),
                               [&](const graph::edge& e) { return e.*end == i; });
        };
        g.note(i, note_of(it->second.options, settings_.options, any(&graph::edge::from),
                          any(&graph::edge::to)));
    }
    for (auto& a : agents_)
        if (a.info.on_error.is_set())
            g.note_agent(a.info.name, "on_error: " + a.info.on_error.text());
    draw_dead_letters(g);
    return g;
}

void engine::add(std::unique_ptr<job> what, duration interval, policy on_error) {
    job_info j{std::move(what), interval, std::move(on_error)};
    if (j.on_error.last() == policy::action::dead_letter)
        throw setup_error{"weir: a " + j.kind() +
                          " has no message, so no dead letter: use stop, skip or retry"};
    if (!j.on_error.is_set()) j.on_error = weir::stop;
    j.started = running();
    jobs_.push_back(std::move(j));
    if (!running()) return;
    conductor_->run(jobs_.back());
    wakeup_.wake();
}

// ---------------------------------------------------------------------------------------- starting
const std::shared_ptr<transport::memory_broker>& engine::broker() {
    if (broker_) return broker_;
    const auto& url = settings_.options.broker;
    if (!url.starts_with(memory)) {
        if (url.starts_with(kafka))
            throw setup_error{"weir: broker '" + url +
                              "': this needs the embedded broker: use memory://"};
        throw setup_error{"weir: broker '" + url +
                          "' is none: use memory://, memory://NAME or kafka://host:port"};
    }
    const auto name = url.substr(memory.size());
    broker_ = name.empty() ? std::make_shared<transport::memory_broker>()
                           : transport::memory_broker::named(name);
    return broker_;
}

bool engine::embedded() const { return settings_.options.broker.starts_with(memory); }

/// The one place where it is decided whom the app talks to.
std::unique_ptr<transport::transport> engine::connect(const std::string& group) {
    const auto& o = settings_.options;
    if (!o.broker.starts_with(kafka)) return transport::connect(broker(), group);
    return transport::kafka::connect(kafka_options(group));
}

transport::kafka::connect_options engine::kafka_options(const std::string& group) const {
    const auto& o = settings_.options;
    transport::kafka::connect_options to{transport::kafka::servers_of(o.broker), group, o.kafka,
                                         o.drain_timeout};
    std::erase_if(to.properties, [&](auto& p) {
        return p.first == "group.id" && p.second == settings_.app;  // of the app's own group
    });
    return to;
}

/// The user's property wins over our option.
offset_reset engine::auto_offset_reset() const {
    const auto& o = settings_.options;
    const auto said =
        o.broker.starts_with(kafka) ? transport::kafka::reset_of(o.kafka) : std::nullopt;
    if (!said) return o.auto_offset_reset;
    return *said == transport::reset::latest ? latest : earliest;
}

partition_id engine::resolve(topic_info& t, int depth) {
    if (t.partitions > 0) return t.partitions;
    if (transport::is_pattern(t.name)) {
        for (auto& [name, other] : topics_)  // so that it is there
            if (depth < chain_max && transport::matches(t.name, name)) resolve(other, depth + 1);
        for (auto& name : transport_->topics())
            if (transport::matches(t.name, name))
                t.partitions = std::max(t.partitions, transport_->partitions(name).value_or(0));
        return t.partitions = std::max(t.partitions, 1);
    }
    const auto wanted = t.options.partitions;
    const auto found = transport_->partitions(t.name);
    if (found && wanted > 0 && *found != wanted)
        throw setup_error{"weir: topic '" + t.name + "' has " + std::to_string(*found) +
                          " partitions and is declared with " + std::to_string(wanted) +
                          ": declare what it has, or leave it out"};
    if (found) return t.partitions = *found;
    t.partitions = wanted;
    if (wanted == 0 && !t.declared && depth < chain_max)
        for (auto* s : t.sources) t.partitions = std::max(t.partitions, resolve(*s, depth + 1));
    transport_->create({t.name, t.partitions, t.options.replication, t.options.config});
    if (t.partitions == 0) t.partitions = transport_->partitions(t.name).value_or(1);
    return t.partitions;
}

void engine::resolve_topics() {
    for (auto& [name, t] : topics_) t.partitions = 0;
    for (auto& [name, t] : topics_) resolve(t, 0);
}

/// What matches a pattern is named, too. What has come since the run began is read from its
/// beginning.
std::vector<transport::subscription> engine::subscriptions() {
    std::vector<transport::subscription> all;
    const bool late = !found_.empty();
    std::vector<std::string> known;
    const auto add = [&](const std::string& topic, transport::reset from) {
        const auto same = [&](auto& s) { return s.topic == topic; };
        const auto it = std::find_if(all.begin(), all.end(), same);
        if (it == all.end()) all.push_back({topic, from});
        else if (from == transport::reset::earliest) it->from = from;
    };
    for (auto& r : static_cast<run_plan&>(conductor_->plan()).readings()) {
        const bool early =
            r->topic->internal || r->topic->resumed || auto_offset_reset() == earliest;
        const auto from = early ? transport::reset::earliest : transport::reset::latest;
        add(r->topic->name, from);
        if (!transport::is_pattern(r->topic->name)) continue;
        if (known.empty()) known = transport_->topics();
        found_.try_emplace(r->topic->name, from);
        for (auto& name : known)
            if (transport::matches(r->topic->name, name))
                add(name, found_.try_emplace(name, late ? transport::reset::earliest : from)
                              .first->second);
    }
    return all;
}

void engine::start() {
    const bool first = !running();
    added_ = false;
    if (!first && std::all_of(agents_.begin(), agents_.end(), [](auto& a) { return a.built; }))
        return;
    if (first) {
        end_run();
        error_ = nullptr;
        found_.clear();
        for (auto& a : agents_) {
            a.built = a.info.ended = false;
            if (a.info.has_body) a.info.paused = false;  // its coroutine had returned
        }
        for (auto& j : jobs_) j.started = false;
        settings_.home->enter();
        transport_ = connect(settings_.app);
        longest_join_ = join_margin;
        if (!embedded())
            longest_join_ += transport::kafka::longest_join(kafka_options(settings_.app));
        if (const auto& o = settings_.options; embedded() && !o.kafka.empty()) {
            transport::kafka::check_properties({"", settings_.app, o.kafka, o.drain_timeout});
            if (!std::exchange(told_properties_, true))
                report_.log("the embedded broker ignores librdkafka's properties (" +
                            std::to_string(o.kafka.size()) + " given)");
        }
    }
    derive_dead_letters();
    resolve_topics();
    if (first) {
        wakeup_.watch(transport_->fd());
        conductor_ = std::make_unique<conductor>(settings_, *transport_, report_);
    }
    try {
        for (auto& a : agents_) {
            if (a.built) continue;
            conductor_->plan().begin(a.info, a.through);
            a.what->build(conductor_->plan());
            a.built = true;
        }
        const auto all = subscriptions();
        joins_ = std::any_of(all.begin(), all.end(), [](const transport::subscription& s) {
            return !transport::is_pattern(s.topic);
        });
        conductor_->connect(all);
    } catch (...) {
        conductor_->abandon();
        end_run();
        throw;
    }
    for (auto& [to, what] : std::exchange(unsent_, {})) {
        parcel p{to, std::move(what)};
        conductor_->post(p, {}), conductor_->forget(p);
    }
    for (auto& j : jobs_)
        if (!std::exchange(j.started, true)) conductor_->run(j);
    if (stop_asked_.exchange(false)) conductor_->stop();
}

void engine::end_run() {
    if (!conductor_) return;
    error_ = conductor_->error();
    report_.flush();
    last_status_ = conductor_->status();
    last_read_ = conductor_->messages();
    polled_ = false;
    if (transport_) wakeup_.unwatch(transport_->fd());
    conductor_->end();  // while it is there for those that go: a send that is awaited, say
    conductor_.reset();
    transport_.reset();
}

void engine::abandon() {
    if (conductor_) conductor_->abandon();
    end_run();
}

// ----------------------------------------------------------------------------------------- running
bool engine::run_posted() {
    std::vector<std::unique_ptr<posted>> now;
    {
        std::lock_guard lock{mutex_};
        now.swap(posted_);
    }
    for (auto& p : now) {
        try {
            p->call();
        } catch (...) {
            conductor_->fail(std::current_exception());
        }
    }
    return !now.empty();
}

void engine::send(parcel& p) {
    if (running()) {
        resolve(*p.to, 0);
        if (conductor_->post(p, hold_current())) p.is = parcel::state::under_way;
        wake();
    } else if (unsent_.size() < unsent_max) {
        unsent_.emplace_back(p.to, std::move(p.what)), p.is = parcel::state::under_way;
    }
}
hold engine::hold_current() const {
    auto h = conductor_->hold_current();
    const auto iterates = [](const agent& a) { return a.info.pull && !a.info.paused; };
    if (h || std::none_of(agents_.begin(), agents_.end(), iterates)) return h;
    return conductor_->hold_pulled();
}
/// Who turns the loop finds it by itself; who waits for poll_fd has to be told.
void engine::wake() {
    if (polled_ && !turning_) wakeup_.wake();
}
void engine::want(parcel& p) {
    if (running()) conductor_->want(p);
}
void engine::forget(parcel& p) noexcept {
    if (conductor_) conductor_->forget(p);
}

bool engine::turn() {
    if (conductor_->topics_changed_since() && !found_.empty())
        conductor_->connect(subscriptions());
    if (stop_asked_.exchange(false) && conductor_) conductor_->stop();
    bool busy = run_posted();
    busy |= conductor_->turn();
    last_turn_ = settings_.clock->steady();
    return busy;
}

bool engine::wait(duration most, bool alone) {
    if (!running()) return false;
    const auto now = settings_.clock->steady();
    const auto at = conductor_->due(alone);
    if (settings_.clock->skip_to(now)) {  // a virtual clock: nothing comes from outside
        auto& elsewhere = conductor_->elsewhere();
        if (elsewhere.outstanding() > 0) return elsewhere.wait(), true;
        if (at == time_point::max()) return false;
        settings_.clock->skip_to(std::min(at, later(now, most)));
        return true;
    }
    const auto until = conductor_->due(false);
    const auto left =
        until == time_point::max() ? duration::max() : std::max(until - now, duration::zero());
    wakeup_.wait(std::min(most, left));
    return true;
}

void engine::run(side_job* beside, duration idle) {
    in_loop guard{*this};
    start();
    auto last = settings_.clock->steady();
    const auto begun = last;
    next_join_line_ = later(begun, join_line_first);
    const auto end = [&] {
        if (beside) beside->before_end();
        stop();
    };
    while (running()) {
        if (added_ && !conductor_->stopping()) start();  // what a body or a posted call has added
        const bool fed = beside && beside->turn(conductor_->stopping());
        if (turn() || fed) {
            if (fed || !conductor_->only_ticked()) last = settings_.clock->steady();
            continue;
        }
        if (!running()) break;
        if (beside) beside->rest();
        const auto now = settings_.clock->steady();
        const bool joining = waits_for_group(now, begun);
        if (joining) last = now;
        const auto quiet = now - last;
        const bool fed_all = beside && beside->ended();
        const bool failed = beside && beside->failed();
        if (conductor_->stopping()) {
            wait(duration::max(), false);
        } else if (all_ended() || failed || (fed_all && nothing_open())) {
            end();
        } else if (fed_all && conductor_->flush()) {
            last = now;
        } else if (quiet < idle) {
            auto until = idle == duration::max() ? time_point::max() : later(last, idle);
            if (beside) until = std::min(until, beside->due());
            if (joining) until = std::min(until, next_join_line_);
            const auto most = until == time_point::max() ? duration::max() : until - now;
            if (!wait(std::max(most, duration::zero()), false)) end();
        } else {
            if (beside) beside->before_end();
            // what waits for company goes on without it
            if (conductor_->flush()) last = settings_.clock->steady();
            else end_idle_run();
        }
    }
    end_run();
    rethrow();
}

/// The group may wait for members that have gone without a word. Nothing comes before it has
/// answered, so that is no idle time.
bool engine::waits_for_group(time_point now, time_point begun) {
    const bool waits = joins_ && !conductor_->joined() && !conductor_->stopping() &&
                       now < later(begun, longest_join_);
    if (!waits || now < next_join_line_) return waits;
    next_join_line_ = later(now, join_line_interval);
    const auto whole = [](duration d) {
        return detail::text_of(std::chrono::floor<std::chrono::seconds>(d));
    };
    report_.log("waits for group '" + settings_.app + "' to give it partitions, for " +
                whole(now - begun) + " of " + whole(longest_join_) +
                " at the most: it may wait for a member that has died");
    return waits;
}

/// Where it reads topics and never had a partition, nothing was done: that is no success.
void engine::end_idle_run() {
    if (!joins_ || conductor_->had_partition()) return stop();
    const auto group = "group '" + settings_.app + "'";
    const auto why = conductor_->joined() ? group + " has given all partitions to other members"
                                          : group + " has given it no partition in " +
                                                detail::text_of(longest_join_);
    conductor_->fail(std::make_exception_ptr(weir::error{
        "weir: nothing was read: " + why + ": kafka-consumer-groups.sh --describe --group " +
        settings_.app + " shows them"}));
}

bool engine::all_ended() const {
    return !agents_.empty() && conductor_->background_idle() &&
           std::all_of(agents_.begin(), agents_.end(), [](auto& a) { return a.info.ended; });
}

/// Every message is done with, and no coroutine beside the agents runs.
bool engine::nothing_open() const {
    const auto all = conductor_->status();
    return conductor_->background_idle() &&
           std::all_of(all.begin(), all.end(), [](auto& p) { return p.lag.value_or(0) == 0; });
}

bool engine::poll(duration timeout) {
    in_loop guard{*this};
    start();
    polled_ = true;
    const auto begin = settings_.clock->steady();
    wakeup_.drain();
    const auto round = [this] {
        if (turn()) return true;
        if (!running() || conductor_->stopping() || !all_ended()) return false;
        stop();
        return true;
    };
    bool busy = round();
    if (!busy && timeout > duration::zero() && running()) wait(timeout, false), busy = round();
    while (busy && running() && settings_.clock->steady() - begin < loop_budget) busy = round();
    if (running()) {
        const auto at = conductor_->due(false);
        if (busy) wakeup_.wake();
        else
            wakeup_.arm(at == time_point::max() ? duration::max() : at - settings_.clock->steady());
        return true;
    }
    end_run();
    rethrow();
    return false;
}

bool engine::turn_for(agent_info& a) {
    in_loop guard{*this};
    if (a.ended) return false;
    if (!conductor_ || running()) start();  // else the run has ended since the last call
    if (running() && turn() && running()) return true;
    if (running() && !a.ended && wait(duration::max(), true)) return true;
    if (running()) return false;
    end_run();
    a.ended = true;
    rethrow();
    return false;
}

void engine::passed(agent_info& a) {
    if (!running()) return;
    if (turning_) throw weir::error{"weir: a pull range is moved on inside a body of the same app"};
    if (unseen_passes_ > 0) {  // a look at the clock costs as much as the rest
        --unseen_passes_;
    } else {
        const auto before = std::exchange(last_pass_, settings_.clock->steady());
        unseen_passes_ = last_pass_ - before < quick_pass ? passes_a_look - 1 : 0;
    }
    conductor_->passed(a, last_pass_);
    if (a.paused || last_pass_ - last_turn_ < loop_budget) return;
    in_loop guard{*this};
    turn();
}

void engine::rethrow() {
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

void engine::stop() noexcept {
    stop_asked_ = true;
    if (settings_.home->is_here() && conductor_) conductor_->stop(), stop_asked_ = false;
    wakeup_.wake();
}

void engine::post(std::unique_ptr<posted> p) {
    {
        std::lock_guard lock{mutex_};
        posted_.push_back(std::move(p));
    }
    wakeup_.wake();
}

std::vector<std::string> engine::agent_names() const {
    std::vector<std::string> names;
    for (auto& a : agents_)
        if (!a.info.pull) names.push_back(a.info.name);
    return names;
}
std::vector<partition_status> engine::status() const {
    return conductor_ ? conductor_->status() : last_status_;
}
weir::counters engine::counters() const {
    auto c = report_.counts();
    c.stale_holds = settings_.home->stale();
    for (auto& p : status()) {
        ++c.partitions, c.held += p.held, c.lag += p.lag.value_or(0);
        c.oldest = std::max(c.oldest, p.age);
    }
    return c;
}
std::optional<blocked> engine::explain(const topic_partition& p) const {
    if (running()) return conductor_->explain(p);
    blocked b;
    b.topic = p.topic, b.partition = p.partition, b.since = settings_.clock->wall();
    b.why = "the app is not running";
    return b;
}
std::size_t engine::messages_read() const {
    return conductor_ ? conductor_->messages() : last_read_;
}

}  // namespace weir::detail
