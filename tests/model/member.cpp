// SPDX-License-Identifier: Apache-2.0
#include "member.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

using namespace std::chrono_literals;

void weir::codec<model::value>::decode(bytes_view from, model::value& into) {
    if (from.size() != 24) throw decode_error{"24 bytes are a value"};
    const auto at = [&](std::size_t i) {
        std::uint64_t v = 0;
        for (std::size_t b = 0; b < 8; ++b)
            v |= std::uint64_t(static_cast<unsigned char>(from.data()[i * 8 + b])) << (8 * b);
        return v;
    };
    into = {std::int64_t(at(0)), at(1), at(2)};
}
void weir::codec<model::value>::encode(const model::value& from, bytes& onto) {
    char all[24];
    const std::uint64_t parts[] = {std::uint64_t(from.n), from.v, from.c};
    for (std::size_t i = 0; i < 24; ++i) all[i] = char(parts[i / 8] >> (8 * (i % 8)));
    onto.append({all, 24});
}

namespace model {
namespace {

const bool trace = std::getenv("WEIR_MODEL_TRACE");

weir::policy policy_of(const policy& p, const std::string& letters) {
    weir::policy end = weir::skip;
    if (p.then == last::stop) end = weir::stop;
    if (p.then == last::dead_letter) end = weir::dead_letter(letters);
    return p.retries ? weir::retry(p.retries, 50ms).then(end) : end;
}

weir::app_options options(const scenario& s, weir::hooks& h) {
    weir::app_options o;
    o.broker = "memory://model";
    o.commit_interval = 1s;
    o.commit_every = std::size_t(s.commit_every);
    o.stream_buffer_max = std::size_t(s.batch);
    o.open_max = std::size_t(s.open_max);
    o.drain_timeout = 2s;
    o.shutdown_timeout = 300s;
    o.on_decode_error = policy_of(s.on_decode, undecoded);
    o.on_produce_error = policy_of(s.on_produce, unsent);
    o.hooks = &h;
    return o;
}

/// Counts a call while it lasts.
class counted {
public:
    explicit counted(const site& s) : site_(s) { site_.by->call(site_.is, 1); }
    counted(const counted&) = delete;
    counted& operator=(const counted&) = delete;
    ~counted() { site_.by->call(site_.is, -1); }

private:
    site site_;
};

int pace = 1;

weir::task<> pause(site s, value x) {
    const std::chrono::milliseconds delay{delay_ms(s.is, x) * pace};
    if (delay.count() > 0) co_await weir::sleep(delay);
}

}  // namespace

std::string text_of(weir::bytes_view key) {
    return key.is_null() ? no_key : std::string{key.view()};
}
weir::bytes bytes_of(const std::string& s) { return s == no_key ? weir::bytes{} : weir::bytes{s}; }

weir::task<value> wait(site s, value x) {
    counted guard{s};
    co_await pause(s, x);
    s.by->enter(s.is, x);
    x.v = awaited(x);
    co_return x;
}
weir::task<weir::bytes> wait_for_key(site s, value x) {
    counted guard{s};
    co_await pause(s, x);
    s.by->enter(s.is, x);
    co_return bytes_of(new_key(s.is, x));
}

class member::body_watch final : public watcher {
public:
    body_watch(member& of, int number) : of_(of), diary_(of.diary_) { agent = number; }

    void enter(const act& a, const value& x) override {
        if (trace)
            std::fprintf(stderr, "  member %zu: #%d is given message %d with %d\n", of_.number_,
                         a.id, int(x.n), int(x.v));
        if (diary_.healed && !diary_.of.calm) return;
        for (auto& f : diary_.of.failures) {
            if (f.id != a.id || f.n != x.n) continue;
            auto at = diary_.to_throw.find({a.id, x.n, x.v});
            if (at == diary_.to_throw.end()) {
                int times = 0;
                for (auto& g : diary_.of.failures)
                    if (g.id == a.id && g.n == x.n) times = std::max(times, g.times);
                at = diary_.to_throw.emplace(std::tuple{a.id, x.n, x.v}, times).first;
            }
            if (at->second == 0) return;
            --at->second;
            throw std::runtime_error{"thrown by #" + std::to_string(a.id)};
        }
    }
    void shown(const act& a, const std::string& topic, int partition) override {
        // A batch is whole as long as something of it is ours; and a coroutine in the middle of
        // one is given its rest.
        if (!diary_.of_batches.contains(a.id) && of_.assignment({topic, partition}) == 0)
            diary_.say("a body is given an event of " + topic + "[" + std::to_string(partition) +
                       "], which is not ours any more");
    }
    void seen(const act& a, const value& x) override {
        if (trace)
            std::fprintf(stderr, "  member %zu: #%d sees message %d with %d\n", of_.number_, a.id,
                         int(x.n), int(x.v));
        diary_.seen[body(a.id)].push_back({body(a.id), {}, x});
    }
    void keep(const value& x, const std::string& topic, int partition, std::int64_t offset,
              weir::hold h, bool by_hand) override {
        if (!h) return;
        if (diary_.healed && !by_hand) return;
        const weir::topic_partition tp{topic, partition};
        diary_.holds.push_back(
            {&of_, agent, x.n, tp, offset, of_.assignment(tp), by_hand, true, std::move(h)});
    }
    void acked(const std::string& topic, int partition, std::int64_t offset) override {
        diary_.acked(&of_, agent, {topic, partition}, offset);
    }
    void call(const act& a, int by) override {
        auto& n = calls_[a.id];
        n += by;
        if (diary_.of.calm && n > a.n)
            diary_.say("#" + std::to_string(a.id) + ": " + std::to_string(n) + " calls at once");
    }
    void batch(const act& a, std::size_t size, const places& from) override {
        const auto most = taken(a);
        if (size == 0 || size > most) diary_.say("a batch of " + std::to_string(size));
        const auto gone = [&](auto& tp) { return of_.assignment(tp) == 0; };
        if (!from.empty() && std::all_of(from.begin(), from.end(), gone))
            diary_.say("a body is given a batch of nothing that is ours");
    }
    void send(const act& a, const value& x) override {
        of_.app_.topic<value>(topic_of(agent, a)).send(weir::bytes{"k0"}, x);
    }

private:
    /// The most that the `take` before an operator puts into a batch.
    std::size_t taken(const act& a) const {
        int most = 0;
        const auto look = [&](const block& b) {
            int n = 0;
            for (auto& x : b.acts) {
                if (x.what == op::take) n = x.n;
                if (x.id == a.id) most = n;
            }
        };
        for (auto& g : diary_.of.agents) {
            for (auto& f : g.from) std::for_each(f.blocks.begin(), f.blocks.end(), look);
            std::for_each(g.trunk.begin(), g.trunk.end(), look);
            look(g.end);
        }
        return std::size_t(most);
    }

    member& of_;
    diary& diary_;
    std::map<int, int> calls_;
};

member::member(diary& d, std::size_t number)
    : diary_(d), number_(number), app_("m", options(d.of, *this)) {
    pace = overdue(d.of) ? 40 : 1;
    for (std::size_t i = 0; i < d.of.agents.size(); ++i) add_agent(int(i));
}

void member::add_agent(int number) {
    auto& a = diary_.of.agents[std::size_t(number)];
    watchers_.push_back(std::make_unique<body_watch>(*this, number));
    auto& by = *watchers_.back();
    const auto blocks_of = [&](plain s, const std::vector<block>& all) {
        for (auto& b : all) {
            sites at{by, b.acts};
            s = compiled_blocks()[std::size_t(b.shape)].build(std::move(s), at);
        }
        return s;
    };
    const auto from = [&](const branch& b) {
        const auto n = diary_.of.partitions[std::size_t(b.topic)];
        return blocks_of(plain{app_.topic<value>(source(b.topic), {.partitions = n})}, b.blocks);
    };
    for (auto& x : a.end.acts)
        if (x.what == op::send) app_.topic<value>(topic_of(number, x));
    auto all = from(a.from.front());
    if (a.from.size() > 1) all = plain{std::move(all) & from(a.from.back())};
    all = blocks_of(std::move(all), a.trunk);
    sites at{by, a.end.acts};
    compiled_ends()[std::size_t(a.end.shape)].build(
        std::move(all), at, app_, "a" + std::to_string(number),
        {.on_error = policy_of(a.on_error, graveyard(number))});
}

void member::log(std::string_view line) {
    if (trace) std::fprintf(stderr, "  member %zu: %.*s\n", number_, int(line.size()), line.data());
}
void member::run_ended() { assignments_.clear(); }

int member::assignment(const weir::topic_partition& p) const {
    const auto it = assignments_.find(p);
    return it == assignments_.end() ? 0 : it->second;
}

}  // namespace model
