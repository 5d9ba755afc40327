// SPDX-License-Identifier: Apache-2.0
// How a list of operators becomes a compiled pipeline with one plain type at both ends.
#pragma once
#include <weir/weir.hpp>

#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "scenario.hpp"

template <>
struct weir::codec<model::value> {
    static void decode(weir::bytes_view from, model::value& into);
    static void encode(const model::value& from, weir::bytes& onto);
};

namespace model {

using plain = weir::stream<weir::bytes, value>;
using event = weir::event<weir::bytes, value>;

/// What the bodies of one member tell, and ask.
class watcher {
public:
    virtual ~watcher() = default;
    /// Throws where the scenario says so.
    virtual void enter(const act&, const value&) = 0;
    virtual void shown(const act&, const std::string& topic, int partition) = 0;
    virtual void seen(const act&, const value&) = 0;
    virtual void keep(const value&, const std::string& topic, int partition, std::int64_t offset,
                      weir::hold, bool by_hand) = 0;
    /// Acknowledged by hand: the event's holds say nothing any more.
    virtual void acked(const std::string& topic, int partition, std::int64_t offset) = 0;
    virtual void call(const act&, int by) = 0;
    /// Where its values are from; not told where they are from no topic.
    using places = std::vector<weir::topic_partition>;
    virtual void batch(const act&, std::size_t size, const places&) = 0;
    virtual void send(const act&, const value&) = 0;
    int agent = 0;
};
/// An operator on its way into a pipeline: which it is, and who watches.
struct site {
    watcher* by;
    act is;
};
/// Hands out sites in the order of a block's operators.
class sites {
public:
    sites(watcher& by, const std::vector<act>& of) : by_(&by), of_(&of) {}
    site next() { return {by_, (*of_)[at_++]}; }

private:
    watcher* by_;
    const std::vector<act>* of_;
    std::size_t at_ = 0;
};

std::string text_of(weir::bytes_view key);
weir::bytes bytes_of(const std::string&);

// The value in whatever an operator shows.
inline value plain_of(const value& x) { return x; }
template <class V>
value plain_of(const weir::indexed<V>& x) {
    auto v = plain_of(x.value());
    v.c += x.index();
    return v;
}
template <class K, class V>
value plain_of(const weir::item<K, V>& x) {
    auto v = plain_of(x.value());
    v.v = with_key(v.v, text_of(x.key()));
    return v;
}
template <class K, class V>
value plain_of(const weir::event<K, V>& x) {
    auto v = plain_of(x.value());
    v.v = with_key(v.v, text_of(x.key()));
    return v;
}

// Where an event is from, told to who watches; other values do not show it.
template <class T>
void look(const site&, const T&) {}
template <class V>
void look(const site& s, const weir::indexed<V>& x) {
    look(s, x.value());
}
template <class K, class V>
void look(const site& s, const weir::event<K, V>& e) {
    s.by->shown(s.is, e.topic(), e.partition());
}
/// A body begins with it.
template <class T>
value entered(const site& s, const T& e) {
    look(s, e);
    const auto x = plain_of(e);
    s.by->enter(s.is, x);
    return x;
}

template <class T>
inline constexpr bool is_batch = false;
template <class V>
inline constexpr bool is_batch<weir::batch<V>> = true;

template <class V>
void look(const site& s, const weir::batch<V>& b) {
    watcher::places from;
    for (std::size_t i = 0; i < b.size(); ++i)
        if (auto* tp = b.contents().partition_of(i)) from.push_back(*tp);
    s.by->batch(s.is, b.size(), from);
}

/// What is done with an event beside its value.
template <class T>
void handle(const site&, const T&) {}
template <class K, class V>
void handle(const site& s, const weir::event<K, V>& e) {
    if (s.is.n == 1) s.by->keep(plain_of(e), e.topic(), e.partition(), e.offset(), e.hold(), false);
    if (s.is.n < 2) return;
    s.by->acked(e.topic(), e.partition(), e.offset());
    if (s.is.n == 2) e.ack();
    else weir::ack_on_exit guard{e};
}

weir::task<value> wait(site, value);
weir::task<weir::bytes> wait_for_key(site, value);

/// An operator of the engine for each of ours.
template <op What>
struct made;

template <>
struct made<op::map> {
    static auto of(const site& s) {
        return weir::map([s](const auto& e) {
            auto x = entered(s, e);
            x.v = mapped(x);
            return x;
        });
    }
};
template <>
struct made<op::filter> {
    static auto of(const site& s) {
        return weir::filter([s](const auto& e) {
            const auto x = entered(s, e);
            return keeps(s.is, x);
        });
    }
};
template <>
struct made<op::flat_map> {
    static auto of(const site& s) {
        return weir::flat_map([s](const auto& e) {
            const auto x = entered(s, e);
            std::vector<value> all(pieces(s.is, x), x);
            for (unsigned i = 0; i < all.size(); ++i) all[i].v = piece(x, i);
            return all;
        });
    }
};
template <>
struct made<op::scan> {
    static auto of(const site& s) {
        return weir::scan(value{}, [s](const value& state, const auto& e) {
            auto x = entered(s, e);
            x.c += state.c + 1;
            return x;
        });
    }
};
template <>
struct made<op::enumerate> {
    static auto of(const site&) { return weir::enumerate(); }
};
template <>
struct made<op::items> {
    static auto of(const site&) { return weir::items(); }
};
template <>
struct made<op::events> {
    static auto of(const site&) { return weir::events(); }
};
template <>
struct made<op::tap> {
    static auto of(const site& s) {
        return weir::tap([s]<class T>(const T& e) {
            if constexpr (is_batch<T>) {
                look(s, e);
            } else {
                entered(s, e);
                handle(s, e);
            }
        });
    }
};
template <>
struct made<op::process> {
    static auto of(const site& s) {
        return weir::process(
            [s](const auto& e) {
                auto x = entered(s, e);
                x.v = processed(x);
                return x;
            },
            [s](const value& x) {
                return drops(s.is, x.v) ? std::nullopt : std::optional<value>{x};
            });
    }
};
inline weir::order_by order_of(const act& a) {
    return a.ms == 0 ? weir::order_by::all : a.ms == 1 ? weir::order_by::key : weir::order_by::none;
}
template <>
struct made<op::await> {
    static auto of(const site& s) {
        return weir::map([s](const auto& e) { return wait(s, plain_of(e)); },
                         {.concurrency = std::size_t(s.is.n), .order = order_of(s.is)});
    }
};
template <>
struct made<op::take> {
    static auto of(const site& s) {
        const auto within = std::chrono::milliseconds{s.is.ms};
        return s.is.ms ? weir::take(std::size_t(s.is.n), within) : weir::take(std::size_t(s.is.n));
    }
};
template <>
struct made<op::parts> {
    static auto of(const site&) { return weir::flat_map(std::identity{}); }
};
template <>
struct made<op::noack> {
    static auto of(const site&) { return weir::noack(); }
};
template <>
struct made<op::group_by> {
    static auto of(const site& s) {
        return weir::group_by(
            [s](const value& x) {
                s.by->enter(s.is, x);
                return bytes_of(new_key(s.is, x));
            },
            "g" + std::to_string(s.is.id));
    }
};
template <>
struct made<op::group_by_await> {
    static auto of(const site& s) {
        return weir::group_by([s](const value& x) { return wait_for_key(s, x); },
                              {.name = "g" + std::to_string(s.is.id),
                               .concurrency = std::size_t(s.is.n),
                               .order = order_of(s.is)});
    }
};
template <>
struct made<op::through> {
    static auto of(const site& s) { return weir::through(topic_of(s.by->agent, s.is)); }
};
template <>
struct made<op::echo> {
    static auto of(const site& s) { return weir::echo(topic_of(s.by->agent, s.is)); }
};
template <>
struct made<op::to> {
    static auto of(const site& s) { return weir::to(topic_of(s.by->agent, s.is)); }
};
template <>
struct made<op::to_chosen> {
    static auto of(const site& s) {
        const auto name = topic_of(s.by->agent, s.is);
        return weir::to(
            [s, name](const value& x) {
                s.by->enter(s.is, x);
                return name + (x.v % 2 ? "-odd" : "-even");
            },
            {.topics = {name + "-odd", name + "-even"}});
    }
};
template <>
struct made<op::each> {
    static auto of(const site& s) {
        return weir::for_each([s](const auto& e) {
            const auto x = entered(s, e);
            s.by->seen(s.is, x);
        });
    }
};
template <>
struct made<op::each_event> {
    static auto of(const site& s) {
        return weir::for_each([s](const auto& e) {
            const auto x = entered(s, e);
            s.by->seen(s.is, x);
            handle(s, e);
        });
    }
};
template <>
struct made<op::by_hand> {
    static auto of(const site& s) {
        return weir::for_each([s](const auto& e) {
            const auto x = entered(s, e);
            s.by->seen(s.is, x);
            s.by->keep(x, e.topic(), e.partition(), e.offset(), e.hold(), true);
        });
    }
};
template <>
struct made<op::send> {
    static auto of(const site& s) {
        return weir::for_each([s](const auto& e) { s.by->send(s.is, entered(s, e)); });
    }
};
template <>
struct made<op::each_batch> {
    static auto of(const site& s) {
        return weir::for_each([s](const auto& all) {
            look(s, all);
            for (auto& e : all) entered(s, e);
            for (auto& e : all) s.by->seen(s.is, plain_of(e));
        });
    }
};

// Left to right: the sites are asked for in this order.
template <op... All>
struct chain;
template <>
struct chain<> {
    template <class S>
    static auto behind(S s, sites&) {
        return s;
    }
};
template <op First, op... Rest>
struct chain<First, Rest...> {
    template <class S>
    static auto behind(S s, sites& at) {
        const auto here = at.next();
        return chain<Rest...>::behind(std::move(s) | made<First>::of(here), at);
    }
};
/// A block: erased in front and behind.
template <op... All>
plain build_block(plain s, sites& at) {
    auto all = chain<All...>::behind(std::move(s), at);
    using shown = typename decltype(all)::value;
    if constexpr (std::is_same_v<shown, value>) return plain{std::move(all)};
    else return plain{std::move(all) | weir::map([](const auto& e) { return plain_of(e); })};
}
template <op... All>
void build_end(plain s, sites& at, weir::app& app, const std::string& name, weir::agent_options o) {
    app.agent(name, chain<All...>::behind(std::move(s), at), std::move(o));
}
/// The end is a coroutine.
template <op... All>
void build_body(plain s, sites& at, weir::app& app, const std::string& name,
                weir::agent_options o) {
    auto before = chain<All...>::behind(std::move(s), at);
    const auto here = at.next();
    app.agent(
        name, std::move(before),
        [here](auto stream) -> weir::task<> {
            while (auto e = co_await stream.next()) {
                const auto x = entered(here, *e);
                const std::chrono::milliseconds delay{delay_ms(here.is, x)};
                if (delay.count() > 0) co_await weir::sleep(delay);
                here.by->seen(here.is, x);
            }
        },
        std::move(o));
}

struct compiled_block {
    std::vector<op> ops;
    plain (*build)(plain, sites&);
};
struct compiled_end {
    std::vector<op> ops;
    void (*build)(plain, sites&, weir::app&, const std::string&, weir::agent_options);
};
template <op... All>
compiled_block one_block() {
    return {{All...}, &build_block<All...>};
}
template <op... All>
compiled_end one_end() {
    return {{All...}, &build_end<All...>};
}
template <op... All>
compiled_end one_body() {
    return {{All..., op::coroutine}, &build_body<All...>};
}
/// One file of blocks each, so that they compile side by side.
std::vector<compiled_block> blocks_1(), blocks_2(), blocks_3(), blocks_4();
const std::vector<compiled_block>& compiled_blocks();
const std::vector<compiled_end>& compiled_ends();

}  // namespace model
