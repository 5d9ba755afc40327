// SPDX-License-Identifier: Apache-2.0
// The app: owns topics, agents and the loop.
#pragma once
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <weir/channel.hpp>
#include <weir/graph/host.hpp>
#include <weir/graph/job.hpp>
#include <weir/hooks.hpp>
#include <weir/incoming.hpp>
#include <weir/operators/process.hpp>
#include <weir/operators/to_table.hpp>
#include <weir/options.hpp>
#include <weir/pull.hpp>
#include <weir/table.hpp>
#include <weir/topic.hpp>

namespace weir {
namespace testing {
class test_driver;
}
namespace detail {

class engine;

/// A call that `app.post` hands to the loop. A std::function would cost compile time in every file.
class posted {
public:
    virtual ~posted() = default;
    virtual void call() = 0;
};
template <class F>
class posted_of final : public posted {
public:
    explicit posted_of(F f) : f_(std::move(f)) {}
    void call() override { f_(); }

private:
    F f_;
};

/// What `app.ask(f)` returns.
template <class F>
struct include_weir_ask_hpp;

}  // namespace detail

/// Topics, agents, and the loop that runs them. The id is the name of the consumer group. There are
/// no globals, so a program may have several apps. One thread calls `run` or `poll`, or iterates a
/// stream; only `stop`, `post` and the release of a hold may be called on others.
class app {
public:
    /// Throws weir::setup_error if an option makes no sense. Nothing is connected before the loop
    /// starts.
    explicit app(std::string id, app_options options = {});
    app(const app&) = delete;
    app& operator=(const app&) = delete;
    /// Stops the app if it still runs.
    ~app();

    const std::string& id() const;

    /// A topic whose values are decoded to V (weir::bytes by default). Its keys are bytes.
    template <class V = bytes>
    weir::topic<V> topic(const std::string& name, topic_options options = {}) {
        return weir::topic<V>{declare(name, std::move(options), {}, detail::declared_type<V>())};
    }
    /// A topic whose keys and values are decoded.
    template <class K, class V>
    weir::topic<K, V> topic(const std::string& name, topic_options options = {}) {
        return weir::topic<K, V>{declare(name, std::move(options), detail::declared_type<K>(),
                                         detail::declared_type<V>())};
    }

    /// Several topics as one stream: app.topics<order>({"orders-eu", "orders-us"}).
    template <class V = bytes>
    weir::topics<V> topics(std::initializer_list<std::string> names, topic_options options = {}) {
        return weir::topics<V>{declare(names, options, {}, detail::declared_type<V>())};
    }
    template <class K, class V>
    weir::topics<K, V> topics(std::initializer_list<std::string> names,
                              topic_options options = {}) {
        return weir::topics<K, V>{
            declare(names, options, detail::declared_type<K>(), detail::declared_type<V>())};
    }
    /// All topics whose names match a pattern, also those that appear later:
    /// app.topics<order>("^orders-.*"). An extended POSIX regular expression that begins with ^. It
    /// never matches internal topics.
    template <class V = bytes>
    weir::topics<V> topics(const std::string& pattern, topic_options options = {}) {
        return weir::topics<V>{{&declare_pattern(pattern, std::move(options))}};
    }
    template <class K, class V>
    weir::topics<K, V> topics(const std::string& pattern, topic_options options = {}) {
        return weir::topics<K, V>{{&declare_pattern(pattern, std::move(options))}};
    }

    /// A table: the last value of each key. See weir::table.
    template <class K, class V>
    weir::table<K, V> table(const std::string& name, table_options<V> options = {}) {
        auto made = detail::make_table<K>(name, std::move(options.init), options.journal_max);
        made->ttl = options.ttl;
        made->use_store(options.store, options.memory);
        made->warm_for = options.warm_for;
        made->standby = options.standby;
        return weir::table<K, V>{static_cast<detail::table_of<K, V>&>(
            declare(std::move(made), std::move(options.config), options.replication))};
    }

    /// A table that a topic fills: the topic is its changelog, and weir writes nothing. A null
    /// value erases its key. The table has the topic's name.
    template <detail::is_stream Topic>
    auto table(
        const Topic& from,
        table_options<typename detail::without_null<typename Topic::value>::type> options = {}) {
        using K = typename Topic::key;
        using value = typename detail::without_null<typename Topic::value>::type;
        static_assert(
            requires { from.info(); },
            "weir: app.table(topic): a stream is no topic: put to_table behind it");
        static_assert(!detail::is_raw<K>,
                      "weir: app.table(topic): the topic has a key type: app.topic<K, V>(…)");
        weir::table<K, value> t{table_of_topic<K, value>(from.info(), std::move(options), false)};
        if (t.info().changed_by.empty()) {
            from.info().fills_table = true;
            agent("table " + t.name(),
                  weir::topic<K, std::optional<value>>{from.info()} | to_table(t));
        }
        return t;
    }

    /// A table that every member has as a whole, filled by a topic. See weir::global_table. A null
    /// value erases its key. The table has the topic's name. Throws weir::setup_error while the app
    /// runs.
    template <detail::is_stream Topic>
    auto global_table(
        const Topic& from,
        table_options<typename detail::without_null<typename Topic::value>::type> options = {}) {
        using K = typename Topic::key;
        using value = typename detail::without_null<typename Topic::value>::type;
        static_assert(
            requires { from.info(); },
            "weir: app.global_table(topic): a stream is no topic: send it to one");
        static_assert(
            !detail::is_raw<K>,
            "weir: app.global_table(topic): the topic has a key type: app.topic<K, V>(…)");
        return weir::global_table<K, value>{
            table_of_topic<K, value>(from.info(), std::move(options), true)};
    }

    /// A channel: values that the program itself hands to its streams.
    template <class T>
    weir::channel<T> channel(std::string name, channel_options options = {}) {
        if (options.capacity == 0)
            throw setup_error{"weir: channel '" + name + "': its capacity must be positive"};
        return weir::channel<T>{
            std::make_shared<detail::channel_state<T>>(std::move(name), options.capacity, host())};
    }

    /// Registers a pipeline under a name. If it does not end in a sink, what it yields is
    /// acknowledged.
    template <class P>
    void agent(std::string name, P what, agent_options options = {}) {
        static_assert(detail::is_pipeline<P>,
                      "weir: app.agent(name, p): p is a stream with operators behind it: "
                      "app.topic<order>(\"orders\") | for_each(f)");
        static_assert(detail::is_complete<P>,
                      "weir: a window alone does nothing: put count, reduce or aggregate behind "
                      "it");
        if constexpr (detail::is_pipeline<P>)
            add(std::move(name),
                std::unique_ptr<detail::topology>{new detail::topology_of<P>{std::move(what)}},
                std::move(options));
    }
    /// With a coroutine as its body: `[](auto stream) -> weir::task<> { while (auto v = co_await
    /// stream.next()) … }`. A value is acknowledged when the coroutine asks for the next one.
    /// `co_return` ends the agent and acknowledges the current value. If the coroutine throws, the
    /// policy decides about its message, and the coroutine is started again. docs/coroutines.md has
    /// the details.
    template <class P, class F>
        requires(!std::is_convertible_v<F, agent_options>)
    void agent(std::string name, P what, F body, agent_options options = {}) {
        static_assert(detail::is_stream<P>,
                      "weir: app.agent(name, s, coroutine): s is a stream that the coroutine "
                      "reads; one that has ended in a sink gives it nothing");
        if constexpr (detail::is_stream<P>) {
            constexpr bool fits = detail::is_body<F, typename P::value>;
            static_assert(fits,
                          "weir: an agent's coroutine takes the stream and returns weir::task<>: "
                          "[](auto stream) -> weir::task<> { … }");
            if constexpr (fits)
                add(std::move(name),
                    std::unique_ptr<detail::topology>{
                        new detail::coroutine_topology<P, F>{std::move(what), std::move(body)}},
                    std::move(options));
        }
    }
    /// Runs a coroutine beside the agents, from the start of each run. At the end of the run it is
    /// cancelled. If it throws, the app stops, unless `on_error` says otherwise.
    template <class F>
    void task(F f, task_options options = {}) {
        add(std::unique_ptr<detail::job>{new detail::job_of<F>{std::move(f)}}, duration{},
            std::move(options.on_error));
    }
    /// Calls `f`, a function or a coroutine, every `interval` from the start of a run on. If a call
    /// takes longer than the interval, the calls that it misses are left out; two calls never
    /// overlap. Throws weir::setup_error if the interval is not positive.
    template <class F>
    void timer(duration interval, F f, timer_options options = {}) {
        if (interval <= duration::zero())
            throw setup_error{"weir: app.timer: the interval must be positive"};
        add(std::unique_ptr<detail::job>{new detail::job_of<F>{std::move(f)}}, interval,
            std::move(options.on_error));
    }
    template <class Number, class F>
        requires std::is_arithmetic_v<Number>
    void timer(Number, F, timer_options = {}) {
        static_assert(!std::is_arithmetic_v<Number>,
                      "weir: app.timer(interval, f): the interval has a unit: app.timer(1s, f), "
                      "after using namespace std::chrono_literals");
    }
    /// A pipeline to be iterated: `for (auto& w : app.stream(withdrawals) | weir::filter(big)) …`.
    template <detail::is_stream S>
    pull<S> stream(S what, stream_options options = {}) {
        return {std::move(what), shared_host(), std::move(options.name)};
    }
    template <class S>
        requires(!detail::is_stream<S>)
    auto stream(const S&, stream_options = {}) {
        static_assert(detail::is_stream<S>,
                      "weir: app.stream(s): s is a topic or another stream; one that has ended "
                      "in a sink has nothing to iterate");
        return std::vector<int>{};
    }
    /// With processors, which are called with each value first. (A const reference, so that options
    /// with a name alone choose the overload above.)
    template <detail::is_stream S>
    pull<detail::processed<S>> stream(S what, stream_options_of<typename S::value> options) const {
        return {{std::move(what), std::move(options.processors)},
                shared_host(),
                std::move(options.name)};
    }

    weir::graph graph() const;
    /// The assigned partitions, or after a run those at its end: how far each was read and
    /// committed, and how many of its messages are held.
    std::vector<partition_status> partitions() const;
    weir::counters counters() const;
    /// Which message the commit of this partition waits for, and why no more is read. If everything
    /// that was read is finished: what an open window waits for, else empty. Costs nothing until it
    /// is called.
    std::optional<blocked> explain(const std::string& topic, partition_id partition) const;
    template <class A, class B>
    std::optional<blocked> explain(const weir::topic<A, B>& topic, partition_id partition) const {
        return explain(topic.name(), partition);
    }

    /// Parses the command line, does what it says (`run` by default), prints errors, and returns an
    /// exit code.
    int main(int argc, const char* const* argv);
    /// Runs until `stop()`, until every source has ended, or until a policy says stop. In the last
    /// case it throws the error.
    void run();
    /// For programs with a loop of their own: call it when `poll_fd` is readable. Waits for work
    /// for at most `timeout`, then does it. False once the app has stopped; throws as `run` does.
    /// (Releasing a hold on this thread between two polls does not make `poll_fd` readable; the
    /// next poll commits it.)
    bool poll(duration timeout);
    int poll_fd();
    /// May be called on any thread, in a signal handler and in a body, any number of times. If
    /// nothing runs, it ends the next run as soon as that has begun.
    void stop() noexcept;
    /// Calls `f` on the loop's thread. May be called on any thread, but not in a signal handler.
    template <class F>
    void post(F f) {
        post(std::unique_ptr<detail::posted>{new detail::posted_of<F>{std::move(f)}});
    }

    /// Calls `f` on the loop's thread, where it may read tables, and returns a std::future of its
    /// result. May be called on any thread but the loop's, and not in a signal handler. What `f`
    /// reads may not be committed yet. While a table is restored the future throws weir::error.
    /// Needs #include <weir/ask.hpp>.
    template <class F>
    typename detail::include_weir_ask_hpp<F>::type ask(F f);

private:
    friend class testing::test_driver;
    /// Throws weir::error while a table is restored.
    void check_restored() const;
    detail::topic_info& declare(const std::string& name, topic_options,
                                const detail::data_type& key, const detail::data_type& value);
    std::vector<detail::topic_info*> declare(std::initializer_list<std::string> names,
                                             const topic_options&, const detail::data_type& key,
                                             const detail::data_type& value);
    detail::topic_info& declare_pattern(const std::string& pattern, topic_options);
    detail::table_info& declare(std::unique_ptr<detail::table_info>, properties changelog,
                                int replication);
    template <class K, class V>
    detail::table_of<K, V>& table_of_topic(detail::topic_info& from, table_options<V> options,
                                           bool is_global) {
        auto made = detail::make_table<K>(from.name, std::move(options.init), options.journal_max);
        made->ttl = options.ttl;
        made->use_store(options.store, options.memory);
        made->warm_for = options.warm_for;
        made->standby = options.standby;
        made->changelog = &from;
        made->is_topic = true;
        made->is_global = is_global;
        return static_cast<detail::table_of<K, V>&>(declare(std::move(made), {}, 0));
    }
    detail::host& host() const;
    void add(std::string name, std::unique_ptr<detail::topology>, agent_options);
    void add(std::unique_ptr<detail::job>, duration interval, policy on_error);
    void post(std::unique_ptr<detail::posted>);
    std::shared_ptr<detail::host> shared_host() const;

    std::shared_ptr<detail::engine> engine_;
};

}  // namespace weir
