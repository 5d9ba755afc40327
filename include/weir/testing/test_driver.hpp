// SPDX-License-Identifier: Apache-2.0
// Tests of pipelines: the embedded broker, a virtual clock, and failures on demand. No port, no
// file, no thread, no sleep.
#pragma once
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/app.hpp>
#include <weir/event.hpp>
#include <weir/hooks.hpp>
#include <weir/table.hpp>
#include <weir/transport/memory.hpp>

namespace weir::testing {

using transport::commit_error;

/// What a message has besides key and value: `test.send(orders, "ann", o, {.partition = 1})`.
struct send_options {
    /// Default: that of the key, as Kafka's own clients choose it; without a key, each in turn.
    std::optional<weir::partition_id> partition{};
    /// Default: `now()`, the time of the virtual clock.
    std::optional<weir::timestamp> timestamp{};
    /// Default: none. In this order; a name may occur more than once.
    weir::headers headers{};
};

/// A topic, by handle or by name. A handle belongs to its own app; a name to the first app.
class topic_ref {
public:
    topic_ref(const char* name) : name_(name) {}
    topic_ref(std::string name) : name_(std::move(name)) {}
    template <class A, class B>
    topic_ref(const weir::topic<A, B>& t) : name_(t.name()), info_(&t.info()) {}
    const std::string& name() const { return name_; }
    const detail::topic_info* info() const { return info_; }

private:
    std::string name_;
    const detail::topic_info* info_ = nullptr;
};

namespace detail {
/// An encoded key or value; null for nullopt.
template <class T>
class encoded {
public:
    encoded(std::nullopt_t) {}
    template <class U>
        requires std::is_convertible_v<U, T>
    encoded(U&& v) {
        weir::detail::encode_onto<T>(std::forward<U>(v), bytes_);
    }
    const weir::bytes& bytes() const { return bytes_; }

private:
    weir::bytes bytes_;
};
}  // namespace detail

/// Runs one app or several on one virtual clock. The apps must not run yet; the constructor starts
/// them and throws setup errors. `send` and `run` work until there is nothing left to do at this
/// time. `errors()` has an agent's error, which is not thrown. Inside a body, calls that turn the
/// loop, move the clock or end a run throw weir::error and do nothing.
class test_driver {
public:
    template <class... Apps>
    explicit test_driver(app& first, Apps&... more) : test_driver({&first, &more...}) {}
    test_driver(const test_driver&) = delete;
    test_driver& operator=(const test_driver&) = delete;
    ~test_driver();
    /// Starts one more app, on the same clock.
    void add(app&);

    // in
    template <class A, class B>
    void send(const topic<A, B>& to, const detail::encoded<typename topic<A, B>::key>& key,
              const std::type_identity_t<typename topic<A, B>::value>& value, send_options o = {}) {
        refuse_in_body("send");
        append(to, key, value, std::move(o));
        run();
    }
    template <class A, class B>
    void send(const topic<A, B>& to, const detail::encoded<typename topic<A, B>::key>& key,
              std::nullopt_t, send_options o = {}) {
        refuse_in_body("send");
        append(to, key, std::nullopt, std::move(o));
        run();
    }
    /// Without a key.
    template <class V>
    void send(const topic<V>& to, const std::type_identity_t<V>& value, send_options o = {}) {
        send(to, std::nullopt, value, std::move(o));
    }
    /// Sends without running.
    template <class A, class B>
    void append(const topic<A, B>& to, const detail::encoded<typename topic<A, B>::key>& key,
                const std::type_identity_t<typename topic<A, B>::value>& value,
                send_options o = {}) {
        append_raw(to, key.bytes(), detail::encoded<typename topic<A, B>::value>{value}.bytes(),
                   std::move(o));
    }
    template <class A, class B>
    void append(const topic<A, B>& to, const detail::encoded<typename topic<A, B>::key>& key,
                std::nullopt_t, send_options o = {}) {
        append_raw(to, key.bytes(), {}, std::move(o));
    }
    void send_raw(const topic_ref& to, bytes_view key, bytes_view value, send_options o = {}) {
        refuse_in_body("send_raw");
        append_raw(to, key, value, std::move(o));
        run();
    }
    void append_raw(const topic_ref&, bytes_view key, bytes_view value, send_options = {});
    /// Until nothing is left to do at this time.
    void run();

    // out: copies of what a topic contains, in the order of arrival over all its partitions
    template <class A, class B>
    auto values(const topic<A, B>& of) {
        std::vector<typename topic<A, B>::value> all;
        for (auto& e : events(of)) all.push_back(e.value());
        return all;
    }
    template <class A, class B>
    auto items(const topic<A, B>& of) {
        std::vector<std::pair<typename topic<A, B>::key, typename topic<A, B>::value>> all;
        for (auto& e : events(of)) all.emplace_back(e.key(), e.value());
        return all;
    }
    template <class A, class B>
    auto events(const topic<A, B>& of) {
        using K = typename topic<A, B>::key;
        using V = typename topic<A, B>::value;
        std::vector<event<K, V>> all;
        for (auto& m : dump(of)) {
            K key{};
            V value{};
            weir::detail::decode_into<K>(m.key, key);
            weir::detail::decode_into<V>(m.value, value);
            all.emplace_back(std::move(key), std::move(value), m.headers, m.timestamp,
                             topic_partition{of.name(), m.partition}, m.offset, m.key, m.value);
        }
        return all;
    }
    /// A handle of a topic that the program has no handle of, such as an internal one.
    template <class K, class V>
    weir::topic<K, V> peek(const std::string& name) {
        return weir::topic<K, V>{unknown(name)};
    }

    // broker
    void create_topic(const std::string& name, topic_options = {});
    std::optional<partition_id> partitions(const topic_ref&);
    /// Compacts a topic with `cleanup.policy=compact` now: of each key the last message stays.
    void compact(const topic_ref&);
    /// Makes a gap: the next message's offset is `n` higher.
    void skip_offsets(const topic_ref&, partition_id, offset n);
    /// Sets what the group has committed, before the first run.
    void seed_commit(const topic_ref&, partition_id, offset);
    std::optional<offset> committed(const topic_ref&, partition_id);
    /// Successful commits, in order.
    std::vector<offset> commits(const topic_ref&, partition_id);

    // time
    /// Moves the clock forward, from one timer to the next.
    void advance(duration);
    weir::timestamp now() const;
    /// Commits now; the clock stands still.
    void commit();

    // faults
    /// Begins to revoke the partition. Work that can finish at this time does; the rest is drained
    /// while the clock advances.
    void revoke(const topic_ref&, partition_id);
    void assign(const topic_ref&, partition_id);
    /// The partition is lost: the group has given it to somebody else already. It is neither
    /// drained nor committed.
    void lose(const topic_ref&, partition_id);
    /// The next `n` sends to this topic fail for good.
    void fail_next_send(const topic_ref&, std::size_t n = 1);
    void fail_next_commit(std::size_t n = 1, commit_error = commit_error::broker);
    /// Stops the app. The clock advances as needed.
    void stop();
    void stop(app&);
    /// Stops the app, then starts a new run of the same group.
    void restart();
    void restart(app&);
    /// Ends the app's membership at once, without a commit.
    void kill(app&);

    // state
    /// What the key has in the table, in the partitions that are here; `.init` if nothing.
    template <class K, class V>
    auto value(const table<K, V>& of, const std::type_identity_t<K>& key) const {
        return of.get(key);
    }
    template <class K, class V>
    V value(const global_table<K, V>& of, const std::type_identity_t<K>& key) const {
        return of.get(key);
    }
    /// All keys of the table with their values, partition by partition, in the order in which they
    /// came.
    template <class K, class V>
    auto entries(const table<K, V>& of) const {
        std::vector<std::pair<K, typename table<K, V>::value>> all;
        of.each([&](const K& k, const auto& v) { all.emplace_back(k, v); });
        return all;
    }
    template <class K, class V>
    auto entries(const global_table<K, V>& of) const {
        std::vector<std::pair<K, V>> all;
        of.each([&](const K& k, const V& v) { all.emplace_back(k, v); });
        return all;
    }
    /// What a program that reads the table's changelog to its end has then: the last value of each
    /// key, in the order of their last records.
    template <class K, class V>
    auto changelog(const table<K, V>& of) {
        std::vector<std::pair<K, V>> all;
        for (auto& m : folded(of.info())) {
            auto& [key, value] = all.emplace_back();
            weir::detail::decode_into<K>(m.key, key);
            weir::detail::decode_into<V>(m.value, value);
        }
        return all;
    }
    /// Whether the table's part for this partition is not here, or not restored yet.
    template <class K, class V>
    bool restoring(const table<K, V>& of, partition_id p) const {
        const auto& shards = of.info().shards;
        const auto at = static_cast<std::size_t>(p);
        return at >= shards.size() || !shards[at];
    }
    /// How many messages of the partition are held: by a boundary, a send or the user.
    std::size_t held(const topic_ref&, partition_id);
    std::vector<error_report> errors();
    std::vector<error_report> errors(app&);
    bool running();
    bool running(app&);
    int exit_code();
    int exit_code(app&);

private:
    struct state;
    explicit test_driver(std::initializer_list<app*>);
    void refuse_in_body(const char* what) const;
    std::vector<transport::stored_message> dump(const topic_ref&);
    std::vector<transport::stored_message> folded(const weir::detail::table_info&);
    weir::detail::topic_info& unknown(const std::string& name);
    std::unique_ptr<state> state_;
};

}  // namespace weir::testing
