// SPDX-License-Identifier: Apache-2.0
// What the ledger's checks have in common: how a fact is said, who had which partition when, and
// why something was made twice.
#pragma once
#include <algorithm>
#include <cstddef>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ledger.hpp"

namespace tests::torture {

inline constexpr std::size_t examples = 5;
inline constexpr milliseconds never = std::numeric_limits<milliseconds>::max();

/// How long after its end a fault may still be the reason for a copy: a session times out, the
/// group settles, the broker's coordinator has read its log.
inline constexpr milliseconds aftermath = 10'000;

inline std::string grouped(std::size_t n) {
    auto s = std::to_string(n);
    for (auto i = static_cast<int>(s.size()) - 3; i > 0; i -= 3)
        s.insert(static_cast<std::size_t>(i), ",");
    return s;
}

inline std::string label(const evidence& all, const std::string& topic) {
    return topic.starts_with(all.prefix) ? topic.substr(all.prefix.size()) : topic;
}

inline std::string place(const evidence& all, const std::string& topic, int partition,
                         std::int64_t offset) {
    return label(all, topic) + '[' + std::to_string(partition) + "]@" + std::to_string(offset);
}

inline std::string seconds(milliseconds t) {
    return std::to_string(t / 1000) + '.' + std::to_string(t % 1000 / 100) + " s";
}

/// Counts what does not hold, and keeps the first examples.
struct found {
    std::size_t n = 0;
    std::vector<std::string> some{};
    void add(const std::string& example) {
        if (n++ < examples) some.push_back(example);
    }
    fact as_fact(std::string holds, const std::string& fails) && {
        if (n == 0) return {true, std::move(holds)};
        return {false, fails + ": " + grouped(n), std::move(some)};
    }
};

// ----------------------------------------------------------------------- who had which partition

/// From an assignment of a partition to the next generation of its group.
struct session {
    milliseconds begin = 0;
    std::int64_t start = 0;  // what was committed then
};

struct place_of {
    std::string topic;
    int partition = 0;
    auto operator<=>(const place_of&) const = default;
};

class owners {
public:
    explicit owners(const std::vector<group_event>& all) {
        std::map<place_of, std::int64_t> committed;
        for (auto& e : all) {
            if (auto* c = std::get_if<commit>(&e)) {
                committed[{c->topic, c->partition}] = c->offset;
                commits_.push_back(c->time);
            } else {
                begin(std::get<generation>(e), committed);
            }
        }
    }
    /// In the order of time.
    const std::vector<session>& of(const std::string& client, const place_of& at) const {
        static const std::vector<session> none;
        const auto it = sessions_.find({client, at});
        return it == sessions_.end() ? none : it->second;
    }
    /// The coordinator has forgotten the client within this time: it came back with a new id.
    bool thrown_out(const std::string& client, milliseconds from, milliseconds to) const {
        const auto it = ids_.find(client);
        if (it == ids_.end()) return false;
        auto& ids = it->second;
        for (std::size_t i = 1; i < ids.size(); ++i)
            if (ids[i].second != ids[i - 1].second && ids[i].first >= from &&
                ids[i - 1].first <= to)
                return true;
        return false;
    }
    milliseconds next_generation(milliseconds from) const {
        const auto it = std::lower_bound(generations_.begin(), generations_.end(), from);
        return it == generations_.end() ? never : *it;
    }
    /// When the group commits for the first time from then on: a broker listens long before it
    /// serves.
    milliseconds commits_again(milliseconds from) const {
        const auto it = std::lower_bound(commits_.begin(), commits_.end(), from);
        return it == commits_.end() ? never - aftermath : *it;
    }

private:
    void begin(const generation& g, std::map<place_of, std::int64_t>& committed) {
        generations_.push_back(g.time);
        for (auto& m : g.members) {
            ids_[m.client].emplace_back(g.time, m.id);
            for (auto& [topic, partitions] : m.partitions)
                for (const int p : partitions)
                    sessions_[{m.client, {topic, p}}].push_back({g.time, committed[{topic, p}]});
        }
    }

    std::map<std::pair<std::string, place_of>, std::vector<session>> sessions_;
    std::map<std::string, std::vector<std::pair<milliseconds, std::string>>> ids_;
    std::vector<milliseconds> commits_, generations_;
};

// ------------------------------------------------------------------------------------- copies

/// One of two copies.
struct made {
    std::string by;  // a process
    milliseconds time = 0;
};

class causes {
public:
    causes(const evidence& e, const owners& o) : all_(e), owners_(o) {}

    /// Why a second copy was made: what is done when a partition changes hands the next owner does
    /// not do again, so something has happened before that, and not before the first copy could be
    /// made. Empty: nothing is known.
    std::string of(const made& one, const made& two, milliseconds earliest) const {
        const auto latest = std::min(two.time, owners_.next_generation(one.time));
        const auto touches = [&](const fault& f) {
            const auto to = f.who == broker_name ? owners_.commits_again(f.to) : f.to;
            return f.from <= latest && to + aftermath >= earliest;
        };
        const fault* last = nullptr;  // the latest that may be it, a process's own first
        for (auto& f : all_.faults)
            if ((f.who == one.by || f.who == two.by) && touches(f)) last = &f;
        if (!last)
            for (auto& f : all_.faults)
                if (f.who == broker_name && touches(f)) last = &f;
        if (last) return last->who + ' ' + last->what + " at " + seconds(last->from - all_.began);
        for (auto* who : {&one.by, &two.by})
            if (owners_.thrown_out(*who, earliest, two.time))
                return *who + " left the group unasked";
        return {};
    }

private:
    static constexpr std::string_view broker_name = "the broker";
    const evidence& all_;
    const owners& owners_;
};

/// How many copies came from what.
class copies_made {
public:
    void add(std::string why, const std::string& example) {
        ++n_;
        if (why.empty()) unexplained_.add(example);
        else ++causes_[std::move(why)];
    }
    fact at_least_once(const std::string& name, std::size_t results) && {
        auto f = std::move(unexplained_)
                     .as_fact(name + grouped(n_) + " of " + grouped(results) +
                                  " results came again, each after a fault",
                              name + "came again without a fault that explains it");
        for (auto& [why, n] : causes_) f.details.push_back(line(n, why));
        return f;
    }
    fact exactly_once(const std::string& name) && {
        found twice;
        for (auto& [why, n] : causes_) twice.n += n, twice.some.push_back(line(n, why));
        twice.n += unexplained_.n;
        return std::move(twice).as_fact(name + "exactly once", name + "came again");
    }

private:
    static std::string line(std::size_t n, const std::string& why) {
        return grouped(n) + " after " + why;
    }
    std::map<std::string, std::size_t> causes_{};
    found unexplained_{};
    std::size_t n_ = 0;
};

}  // namespace tests::torture
