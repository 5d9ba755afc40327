// SPDX-License-Identifier: Apache-2.0
// How an operator with state is written: changed() drops a value that equals the last one of its
// key. docs/internals/operators.md explains it.
//
// Prints:
//   kitchen 20
//   hall 20
//   kitchen 21
//   the body fails at kitchen 22
//   kitchen 22
//   kitchen 20
#include <fmt/core.h>

#include <concepts>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <weir/testing/test_driver.hpp>
#include <weir/weir.hpp>

namespace weir {
namespace detail {

// [state]
/// The last value of each key, in one partition. A raw key is kept as the text of its bytes.
template <class Key, class V>
class last_values {
public:
    /// False if `v` equals the last value of `key`. Else `v` is the last one from now on.
    bool replace(const Key& key, const V& v) {
        auto& last = last_[key];  // a std::map: its elements stay where they are
        if (last && *last == v) return false;  // V may be an optional itself
        changes_.save(last);
        last = v;
        return true;
    }
    void finish() { changes_.finish(); }
    void undo() { changes_.undo(); }

private:
    std::map<Key, std::optional<V>> last_;
    undo_log<std::optional<V>> changes_;
};
// [/state]

// [operator]
struct changed_op {
    using weir_operator = void;
    template <class In>
    using out = In;
    static constexpr bool keeps_element = true;
    template <class K, class V>
    static consteval bool check() {
        static_assert(!borrows<V> && !borrows<K>,
                      "weir: changed() keeps keys and values beyond their messages: put "
                      "map(weir::own) before it, and give the topic keys that own their bytes");
        static_assert(!holds_messages<V>,
                      "weir: changed() would keep a batch, and all its messages open: put it "
                      "before take");
        static_assert(std::equality_comparable<V>,
                      "weir: changed(): the values need an operator==");
        static_assert(is_raw<shown_key_t<K>> || std::totally_ordered<shown_key_t<K>>,
                      "weir: changed(): the keys need an operator<");
        return true;
    }

    template <class K, class V>
    struct running {
        static constexpr message_part needs = needs_key<K>;
        using kept_key = std::conditional_t<is_raw<K>, std::optional<std::string>, K>;
        per_partition<last_values<kept_key, V>> states{last_values<kept_key, V>{}};
        K scratch{};  // for a key that nobody has decoded yet

        static const K& kept(const K& key)
            requires(!is_raw<K>)
        {
            return key;
        }
        static kept_key kept(const K& raw)
            requires is_raw<K>
        {
            if (raw.is_null()) return {};
            return std::string{raw.view()};
        }
        void operator()(context& c, auto&& v, auto&& next) {
            const auto& key = kept(*key_at<K>(c, scratch));
            if (states.of(c).replace(key, v)) next(std::forward<decltype(v)>(v));
        }
        void finish() { states.finish(); }
        void undo() { states.undo(); }
        void assigned(const topic_partition& tp) { states.assigned(tp); }
        void revoked(const topic_partition& tp) { states.revoked(tp); }
    };

    std::string describe() const { return "changed"; }
    template <class K, class In>
    running<shown_key_t<K>, In> make_step(plan&) const {
        return {};
    }
};
struct changed_fn {
    changed_op operator()() const { return {}; }
};
// [/operator]

}  // namespace detail

// [doc]
/// Drops a value that equals the last one of its key.
///
///     in   --a1--b1--a1--a2--|
///     out  --a1--b1------a2--|          changed()
///
/// Shape    stream<K, V> -> stream<K, V>
/// Order    kept
/// Acks     what is dropped is acknowledged
/// Holds    one value for each key of each partition, as long as the partition is assigned
/// Errors   none of its own. A message that fails has not changed the last value.
/// Cost     a lookup; a copy of each value that is passed on
/// Example  samples/operators/changed.cpp    Page docs/operators/changed.md
inline constexpr detail::changed_fn changed{};
// [/doc]

}  // namespace weir

struct quiet : weir::hooks {};  // the log would tell of the failure

int main() {
    // [use]
    quiet hooks;
    weir::app app{"rooms", {.on_error = weir::retry(1, std::chrono::seconds{1}).then(weir::skip),
                            .hooks = &hooks}};
    auto degrees = app.topic<std::string, int>("degrees", {.partitions = 1});
    bool fails = true;
    app.agent("print", degrees
        | weir::changed()
        | weir::items()
        | weir::for_each([&](const auto& item) {
              auto& [room, value] = item;
              if (value == 22 && std::exchange(fails, false)) {
                  fmt::print("the body fails at {} {}\n", room, value);
                  throw std::runtime_error{"no paper"};
              }
              fmt::print("{} {}\n", room, value);
          }));

    weir::testing::test_driver test{app};
    test.send(degrees, "kitchen", 20);
    test.send(degrees, "hall", 20);     // another key
    test.send(degrees, "kitchen", 20);  // dropped
    test.send(degrees, "kitchen", 21);
    test.send(degrees, "kitchen", 22);  // fails: 21 is the last one again
    test.advance(std::chrono::seconds{1});  // so the retry passes 22 on
    test.revoke(degrees, 0);
    test.assign(degrees, 0);            // a new assignment begins without state
    test.send(degrees, "kitchen", 20);
    // [/use]
}
