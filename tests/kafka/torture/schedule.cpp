// SPDX-License-Identifier: Apache-2.0
#include "schedule.hpp"

#include <algorithm>
#include <array>
#include <random>
#include <utility>

namespace tests::torture {
namespace {

using std::chrono::milliseconds;

/// What is drawn. A deck has each of them, so that a short schedule has everything.
enum class card { kill, kill_all, stop_long, stop_short, broker, leave, join };
constexpr std::array deck{card::kill,      card::kill,       card::kill,    card::kill,
                          card::stop_long, card::stop_short, card::broker,  card::stop_long,
                          card::leave,     card::join,       card::kill_all};

/// The numbers are the same everywhere, which std's distributions do not promise.
class dice {
public:
    explicit dice(std::uint64_t seed) : engine_(seed) {}
    int below(int n) { return static_cast<int>(engine_() % static_cast<std::uint64_t>(n)); }
    milliseconds between(milliseconds least, milliseconds most) {
        return least + milliseconds{below(static_cast<int>((most - least).count()) + 1)};
    }

private:
    std::mt19937_64 engine_;
};

class maker {
public:
    maker(std::uint64_t seed, milliseconds length) : dice_(seed), length_(length) {
        for (int w = 0; w < workers_at_first; ++w) runs_[static_cast<std::size_t>(w)] = true;
    }

    std::vector<step> make() {
        using std::chrono::seconds;
        for (now_ = dice_.between(seconds{2}, seconds{3}); now_ < length_;
             now_ += dice_.between(milliseconds{300}, seconds{3}))
            play(draw());
        std::stable_sort(steps_.begin(), steps_.end(),
                         [](auto& a, auto& b) { return a.at < b.at; });
        return std::move(steps_);
    }

private:
    card draw() {
        if (left_.empty()) {
            left_.assign(deck.begin(), deck.end());
            for (auto i = left_.size(); i > 1; --i)
                std::swap(left_[i - 1],
                          left_[static_cast<std::size_t>(dice_.below(static_cast<int>(i)))]);
        }
        const auto c = left_.back();
        left_.pop_back();
        return c;
    }

    void play(card c) {
        using std::chrono::seconds;
        switch (c) {
            case card::kill: kill(pick(free())); break;
            case card::kill_all:
                for (const int w : free()) kill(w);
                break;
            case card::stop_long:
                stop(pick(free()), session_timeout + dice_.between(seconds{1}, seconds{3}));
                break;
            case card::stop_short:
                stop(pick(free()), dice_.between(milliseconds{100}, session_timeout / 2));
                break;
            case card::broker: broker(); break;
            case card::leave:
                if (free().size() > 1) leave(pick(free()));
                break;
            case card::join: start(pick(absent()), now_); break;
        }
    }

    void kill(int w) {
        if (w < 0) return;
        add(now_, action::kill, w);
        const auto again = now_ + dice_.between(milliseconds{0}, milliseconds{1500});
        start(w, again);
    }
    void stop(int w, milliseconds time) {
        if (w < 0) return;
        add(now_, action::stop, w);
        add(busy(w, now_ + time), action::go_on, w);
    }
    void leave(int w) {
        add(now_, action::leave, w);
        runs_[static_cast<std::size_t>(w)] = false;
        busy(w, now_ + std::chrono::seconds{3});
    }
    void start(int w, milliseconds at) {
        if (w < 0) return;
        runs_[static_cast<std::size_t>(w)] = true;
        add(busy(w, at), action::start, w);
    }
    void broker() {
        if (now_ < broker_busy_) return;
        add(now_, action::kill_broker, -1);
        add(now_ + dice_.between(milliseconds{0}, milliseconds{1000}), action::start_broker, -1);
        broker_busy_ = now_ + std::chrono::seconds{12};
    }

    /// Running, and nothing more is planned for them.
    std::vector<int> free() const { return those(true); }
    std::vector<int> absent() const { return those(false); }
    std::vector<int> those(bool running) const {
        std::vector<int> all;
        for (int w = 0; w < workers_max; ++w) {
            const auto i = static_cast<std::size_t>(w);
            if (runs_[i] == running && busy_until_[i] <= now_) all.push_back(w);
        }
        return all;
    }
    int pick(const std::vector<int>& all) {
        if (all.empty()) return -1;
        return all[static_cast<std::size_t>(dice_.below(static_cast<int>(all.size())))];
    }
    milliseconds busy(int w, milliseconds until) {
        return busy_until_[static_cast<std::size_t>(w)] = until;
    }
    void add(milliseconds at, action what, int w) { steps_.push_back({at, what, w}); }

    dice dice_;
    milliseconds length_, now_{}, broker_busy_{};
    std::array<bool, workers_max> runs_{};
    std::array<milliseconds, workers_max> busy_until_{};
    std::vector<card> left_;
    std::vector<step> steps_;
};

}  // namespace

std::vector<step> make_schedule(std::uint64_t seed, milliseconds length) {
    return maker{seed, length}.make();
}

std::string text(const step& s) {
    const auto ms = s.at.count();
    auto said = std::to_string(ms / 1000) + '.' + std::to_string(ms % 1000 / 100) + " s: ";
    switch (s.what) {
        case action::start: said += "start"; break;
        case action::kill: said += "kill -9"; break;
        case action::stop: said += "stop"; break;
        case action::go_on: said += "go on"; break;
        case action::leave: said += "end"; break;
        case action::kill_broker: return said + "kill -9 the broker";
        case action::start_broker: return said + "start the broker";
    }
    return said + " w" + std::to_string(s.worker);
}

}  // namespace tests::torture
