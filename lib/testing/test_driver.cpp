// SPDX-License-Identifier: Apache-2.0
#include <weir/testing/test_driver.hpp>

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "../app/engine.hpp"
#include "../state/changelog.hpp"

namespace weir::testing {
namespace {

/// A clock that stands still until it is told to advance.
class virtual_clock final : public clock {
public:
    time_point steady() const override { return now_; }
    timestamp wall() const override {
        return timestamp{
            std::chrono::duration_cast<std::chrono::milliseconds>(now_.time_since_epoch())};
    }
    bool skip_to(time_point t) override {
        now_ = std::max(now_, t);
        return true;
    }

private:
    time_point now_{std::chrono::hours{24 * 365 * 31}};  // about the first day of 2001
};

/// Learns what became of the messages that the test sends. A failure is the test's mistake.
class client final : transport::listener {
public:
    client(std::shared_ptr<transport::memory_broker> b, const clock& c)
        : connection_(transport::connect(std::move(b), "weir-test", {.clock = &c})) {}
    void send(const std::string& topic, bytes_view key, bytes_view value, const send_options& o,
              timestamp now) {
        transport::record r;
        r.topic = connection_->open(topic);
        r.partition = o.partition;
        r.key = key;
        r.value = value;
        r.headers = o.headers.empty() ? nullptr : &o.headers;
        r.timestamp = o.timestamp.value_or(now);
        if (!connection_->send(r, 0))
            throw error{"weir: test_driver::send: partition of '" + topic + "' is full"};
        connection_->poll(*this);
    }

private:
    void assigned(std::vector<transport::assignment>) override {}
    void revoked(std::vector<topic_partition>) override {}
    void lost(std::vector<topic_partition>) override {}
    void delivered(std::uint64_t, const transport::delivery& d) override {
        if (d.failed) throw error{"weir: test_driver::send: " + d.text};
    }
    void committed(const transport::commit_result&) override {}
    void topics_changed() override {}
    std::unique_ptr<transport::transport> connection_;
};

}  // namespace

struct test_driver::state {
    virtual_clock time;
    std::deque<std::shared_ptr<weir::detail::engine>> apps;
    std::map<transport::memory_broker*, client> clients;
    std::map<std::string, weir::detail::topic_info> unknown;

    state() = default;
    state(const state&) = delete;
    state& operator=(const state&) = delete;
    ~state() {  // before the clock is destroyed
        for (auto& a : apps) a->close();
    }

    weir::detail::engine& of(const topic_ref& t) {
        for (auto& a : apps)
            for (auto& [name, info] : a->known_topics())
                if (&info == t.info()) return *a;
        return *apps.front();
    }
    weir::detail::engine& of(const app& a) {
        for (auto& e : apps)
            if (e == a.engine_) return *e;
        throw error{"weir: test_driver: this app was not given to the driver"};
    }
    bool turn() {
        bool busy = false;
        for (auto& a : apps) {
            if (!a->running()) continue;
            busy |= a->turn_alone();
            if (!a->running()) {
                a->end_run();
                busy = true;
            }
        }
        return busy;
    }
    time_point due() {
        auto at = time_point::max();
        for (auto& a : apps)
            if (a->running()) at = std::min(at, a->running_conductor()->due(false));
        return at;
    }
    void run() {
        for (auto& a : apps)
            if (a->running()) a->start();  // builds agents that were added meanwhile
        while (turn() || wait_elsewhere()) {}
    }
    /// Waits for calls of weir::offload. Nothing else happens meanwhile.
    bool wait_elsewhere() {
        for (auto& a : apps) {
            if (!a->running() || a->running_conductor()->offloaded().outstanding() == 0) continue;
            a->running_conductor()->offloaded().wait();
            return true;
        }
        return false;
    }
    void stop(weir::detail::engine& e) {
        if (e.running()) e.stop();
        for (run(); e.running(); run()) {
            const auto at = due();
            if (at == time_point::max())
                throw error{"weir: test_driver::stop: the app waits for nothing that will come"};
            time.skip_to(at);
        }
    }
};

test_driver::test_driver(std::initializer_list<app*> apps) : state_(std::make_unique<state>()) {
    for (auto* a : apps) add(*a);
}
test_driver::~test_driver() = default;
/// A body may not turn the loop that it is called by, nor end its run.
void test_driver::refuse_in_body(const char* what) const {
    for (auto& a : state_->apps)
        if (a->turning())
            throw error{"weir: test_driver::" + std::string{what} +
                        " inside a body: the loop is turning already; call it outside of all "
                        "bodies"};
}
void test_driver::add(app& a) {
    refuse_in_body("add");
    if (a.engine_->running()) throw error{"weir: test_driver: the app runs already"};
    a.engine_->use(state_->time);
    state_->apps.push_back(a.engine_);
    a.engine_->start();
    run();
}

// ---------------------------------------------------------------------------------------------- in
void test_driver::append_raw(const topic_ref& to, bytes_view key, bytes_view value,
                             send_options o) {
    auto& b = state_->of(to).broker();
    state_->clients.try_emplace(b.get(), b, state_->time)
        .first->second.send(to.name(), key, value, o, state_->time.wall());
}
void test_driver::run() {
    refuse_in_body("run");
    state_->run();
}

// --------------------------------------------------------------------------------------------- out
/// As compaction leaves it, without erased keys and weir's own records.
std::vector<transport::stored_message> test_driver::folded(const weir::detail::table_info& of) {
    std::vector<transport::stored_message> kept;
    if (!of.changelog) return kept;  // no app has run
    const auto all = dump(of.changelog->name);
    std::set<std::pair<partition_id, std::string>> later;
    const auto is_erased = [](const header& h) { return h.name == weir::detail::erased_header; };
    for (auto m = all.rbegin(); m != all.rend(); ++m) {
        if (weir::detail::is_bookkeeping(m->key)) continue;
        if (!later.emplace(m->partition, m->key.view()).second || m->value.is_null()) continue;
        if (std::none_of(m->headers.begin(), m->headers.end(), is_erased)) kept.push_back(*m);
    }
    std::reverse(kept.begin(), kept.end());
    return kept;
}
std::vector<transport::stored_message> test_driver::dump(const topic_ref& t) {
    return state_->of(t).broker()->dump(t.name());
}
weir::detail::topic_info& test_driver::unknown(const std::string& name) {
    auto& t = state_->unknown[name];
    t.name = name;
    return t;
}

// ------------------------------------------------------------------------------------------ broker
void test_driver::create_topic(const std::string& name, topic_options o) {
    state_->apps.front()->broker()->create_topic({name, o.partitions, o.replication, o.config});
}
std::optional<partition_id> test_driver::partitions(const topic_ref& t) {
    return state_->of(t).broker()->partitions(t.name());
}
void test_driver::compact(const topic_ref& t) { state_->of(t).broker()->compact(t.name()); }
void test_driver::skip_offsets(const topic_ref& t, partition_id p, offset n) {
    state_->of(t).broker()->skip_offsets({t.name(), p}, n);
}
void test_driver::seed_commit(const topic_ref& t, partition_id p, offset at) {
    refuse_in_body("seed_commit");
    auto& a = state_->of(t);
    a.broker()->seed_commit(a.id(), {t.name(), p}, at);
    // its agents have read nothing yet
    if (a.running()) {
        a.close();
        a.start();
    }
}
std::optional<offset> test_driver::committed(const topic_ref& t, partition_id p) {
    auto& a = state_->of(t);
    return a.broker()->committed(a.id(), {t.name(), p});
}
std::vector<offset> test_driver::commits(const topic_ref& t, partition_id p) {
    auto& a = state_->of(t);
    return a.broker()->commits(a.id(), {t.name(), p});
}

// -------------------------------------------------------------------------------------------- time
void test_driver::advance(duration d) {
    refuse_in_body("advance");
    // The largest point in time means never. A day before it, there is room for the loop's pauses.
    constexpr auto last = time_point::max() - std::chrono::hours{24};
    const auto until = std::min(later(state_->time.steady(), d), last);
    run();
    for (auto at = state_->due(); at <= until; at = state_->due()) {
        state_->time.skip_to(at);
        run();
        if (state_->due() <= at) break;  // it waits for something other than time
    }
    state_->time.skip_to(until);
    run();
}
weir::timestamp test_driver::now() const { return state_->time.wall(); }
void test_driver::commit() {
    refuse_in_body("commit");
    run();
    for (auto& a : state_->apps)
        if (a->running()) a->running_conductor()->commit();
    run();
}

// ------------------------------------------------------------------------------------------ faults
void test_driver::revoke(const topic_ref& t, partition_id p) {
    refuse_in_body("revoke");
    auto& a = state_->of(t);
    a.broker()->revoke(a.id(), {t.name(), p});
    run();
}
void test_driver::assign(const topic_ref& t, partition_id p) {
    refuse_in_body("assign");
    auto& a = state_->of(t);
    a.broker()->assign(a.id(), {t.name(), p});
    run();
}
void test_driver::lose(const topic_ref& t, partition_id p) {
    refuse_in_body("lose");
    auto& a = state_->of(t);
    a.broker()->lose(a.id(), {t.name(), p});
    run();
}
void test_driver::fail_next_send(const topic_ref& t, std::size_t n) {
    state_->of(t).broker()->fail_next_send(t.name(), n);
}
void test_driver::fail_next_commit(std::size_t n, commit_error e) {
    auto& a = *state_->apps.front();
    a.broker()->fail_next_commit(a.id(), n, e);
}
void test_driver::stop() {
    refuse_in_body("stop");
    state_->stop(*state_->apps.front());
}
void test_driver::stop(app& a) {
    refuse_in_body("stop");
    state_->stop(state_->of(a));
}
void test_driver::restart() {
    refuse_in_body("restart");
    stop();
    state_->apps.front()->start();
    run();
}
void test_driver::restart(app& a) {
    refuse_in_body("restart");
    stop(a);
    state_->of(a).start();
    run();
}
void test_driver::kill(app& a) {
    refuse_in_body("kill");
    auto& e = state_->of(a);
    if (e.running()) e.broker()->kill(*e.connection());
    e.abandon();
    run();
}

// ------------------------------------------------------------------------------------------- state
std::size_t test_driver::held(const topic_ref& t, partition_id p) {
    for (auto& s : state_->of(t).status())
        if (s.topic == t.name() && s.partition == p) return s.held;
    return 0;
}
std::vector<error_report> test_driver::errors() {
    const auto& all = state_->apps.front()->report().errors();
    return {all.begin(), all.end()};
}
std::vector<error_report> test_driver::errors(app& a) {
    const auto& all = state_->of(a).report().errors();
    return {all.begin(), all.end()};
}
bool test_driver::running() { return state_->apps.front()->running(); }
bool test_driver::running(app& a) { return state_->of(a).running(); }
int test_driver::exit_code() {
    return state_->apps.front()->error() ? exit_code::failed : exit_code::ok;
}
int test_driver::exit_code(app& a) {
    return state_->of(a).error() ? exit_code::failed : exit_code::ok;
}

}  // namespace weir::testing
