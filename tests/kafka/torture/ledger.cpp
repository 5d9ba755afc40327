// SPDX-License-Identifier: Apache-2.0
#include "ledger.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <stdexcept>
#include <tuple>

#include "history.hpp"
#include "join_checks.hpp"

namespace tests::torture {
namespace {

bool before(const entry& a, const entry& b) {
    return std::tie(a.partition, a.offset) < std::tie(b.partition, b.offset);
}

// --------------------------------------------------------------------------------------- one hop

/// What a message is known by in the topics behind it: its id, and who has made it.
struct identity {
    std::int64_t id = 0;
    std::uint32_t made_by = 0;
    bool operator==(const identity&) const = default;
};
struct hash {
    std::size_t operator()(const identity& i) const {
        return static_cast<std::size_t>(i.id) * 0x9e3779b97f4a7c15U ^ i.made_by;
    }
};
using index = std::unordered_map<identity, std::vector<std::uint32_t>, hash>;

class hop_check {
public:
    hop_check(const evidence& e, const owners& o, const hop& h)
        : all_(e),
          owners_(o),
          hop_(h),
          from_(e.topics.at(h.from).entries),
          to_(e.topics.at(h.to).entries) {
        split_paths();
        for (std::uint32_t i = 0; i < from_.size(); ++i)
            sources_[{from_[i].id, from_[i].made_by}].push_back(i);
        for (std::uint32_t i = 0; i < to_.size(); ++i) copies_[source_of(to_[i])].push_back(i);
    }

    void facts(std::vector<fact>& all) const {
        all.push_back(complete());
        all.push_back(known());
        all.push_back(owned());
        if (hop_.order != kept::no_order) all.push_back(in_order());
        all.push_back(again());
    }

    /// When the results of each source were there.
    milliseconds ready(const entry& source) const {
        const auto it = copies_.find({source.id, source.made_by});
        if (it == copies_.end()) return never;
        milliseconds first = never;
        for (const auto i : it->second) first = std::min(first, to_[i].time);
        return first;
    }

private:
    struct path {
        std::uint32_t before = 0;  // without the last process
        std::string last{};
    };

    /// "w1.0>w2.3" is "w1.0" and w2.3.
    void split_paths() {
        std::map<std::string, std::uint32_t> numbers;
        for (std::uint32_t i = 0; i < all_.names.size(); ++i) numbers[all_.names.at(i)] = i;
        for (std::uint32_t i = 0; i < all_.names.size(); ++i) {
            const auto& s = all_.names.at(i);
            const auto at = s.rfind('>');
            const auto prefix = at == s.npos ? "" : s.substr(0, at);
            const auto known = numbers.find(prefix);
            paths_.push_back({known == numbers.end() ? nobody : known->second,
                              at == s.npos ? s : s.substr(at + 1)});
        }
    }
    identity source_of(const entry& copy) const { return {copy.id, paths_[copy.made_by].before}; }
    const std::string& maker(const entry& copy) const { return paths_[copy.made_by].last; }
    std::string name() const {
        return label(all_, hop_.from) + " -> " + label(all_, hop_.to) + ": ";
    }
    std::string at(const entry& copy) const {
        return "id " + std::to_string(copy.id) + " in " +
               place(all_, hop_.to, copy.partition, copy.offset) + " by " + maker(copy) + " at " +
               seconds(copy.time - all_.began);
    }

    fact complete() const {
        found lost;
        for (auto& [which, sources] : sources_) {
            if (copies_.contains(which)) continue;
            auto& e = from_[sources.front()];
            lost.add("id " + std::to_string(e.id) + ", " +
                     place(all_, hop_.from, e.partition, e.offset));
        }
        return std::move(lost).as_fact(
            name() + "each of " + grouped(sources_.size()) + " messages has its result",
            name() + "messages without a result");
    }

    /// Results have a source, and its key.
    fact known() const {
        found strange;
        for (auto& [which, copies] : copies_) {
            const auto it = sources_.find(which);
            for (const auto i : copies)
                if (it == sources_.end() || !has_key(to_[i], from_[it->second.front()]))
                    strange.add(at(to_[i]));
        }
        return std::move(strange).as_fact(
            name() + grouped(to_.size()) + " results have a source, and the right key",
            name() + "results without a source, or with a wrong key");
    }
    bool has_key(const entry& copy, const entry& source) const {
        if (hop_.key == keyed::as_source) return copy.key == source.key;
        return hop_.key == keyed::not_at_all || copy.key == copy.field;
    }

    /// Who has made a result had the source's partition by then, and the group had not finished the
    /// source before that.
    fact owned() const {
        found strange;
        for (auto& [which, copies] : copies_)
            for (const auto i : copies)
                if (!may_make(to_[i], which)) strange.add(at(to_[i]));
        return std::move(strange).as_fact(
            name() + "nobody has processed what the group had committed before it was his",
            name() + "results of what was committed before, or was not the maker's");
    }
    bool may_make(const entry& copy, const identity& which) const {
        const auto it = sources_.find(which);
        if (it == sources_.end()) return true;  // known() says it
        for (const auto i : it->second)
            for (auto& s : owners_.of(maker(copy), {hop_.from, from_[i].partition}))
                if (s.begin <= copy.time && s.start <= from_[i].offset) return true;
        return false;
    }

    /// How far a process is in a partition of its source, as its results show it: for each of its
    /// sessions with that partition the least index of a source at which it may be, or none. A
    /// message that is twice in the source can be told apart by its place only, so there may be
    /// several ways to read the results; one that keeps the order is enough.
    using progress = std::vector<std::int64_t>;
    static constexpr std::int64_t none = -1;

    /// Within one session nobody goes back. `to_` is in the order of its partitions.
    fact in_order() const {
        std::map<std::tuple<std::string, int, int, std::uint32_t>, progress> all;
        found back;
        for (auto& copy : to_) {
            const auto sources = sources_by_then(copy);
            if (sources.empty()) continue;
            const auto partition = from_[sources[0]].partition;
            auto& sessions = owners_.of(maker(copy), {hop_.from, partition});
            if (sessions.empty()) continue;  // owned() says it
            const auto key = hop_.order == kept::order_of_key ? copy.key : 0;
            auto& now = all[{maker(copy), partition, copy.partition, key}];
            auto next = after(now, copy, sources, sessions);
            if (std::all_of(next.begin(), next.end(), [](auto i) { return i == none; })) {
                back.add(at(copy));
                next = after({}, copy, sources, sessions);
            }
            now = std::move(next);
        }
        return std::move(back).as_fact(
            name() + "each process keeps the order from one assignment to the next",
            name() + "results out of order");
    }
    progress after(const progress& now, const entry& copy,
                   const std::vector<std::uint32_t>& sources,
                   const std::vector<session>& sessions) const {
        progress next(sessions.size(), none);
        bool is_new = now.empty();  // the session may be a new one, behind one that was possible
        for (std::size_t s = 0; s < sessions.size() && sessions[s].begin <= copy.time; ++s) {
            const auto last = s < now.size() ? now[s] : none;
            for (const auto i : sources)
                if ((is_new || (last != none && last < i)) && is_read_in(s, sessions, from_[i])) {
                    next[s] = i;
                    break;
                }
            is_new |= last != none;
        }
        return next;
    }
    /// Not committed when the session began, and there before the next one did.
    static bool is_read_in(std::size_t s, const std::vector<session>& all, const entry& source) {
        return all[s].start <= source.offset &&
               (s + 1 == all.size() || source.time < all[s + 1].begin);
    }
    /// Of which sources the copy may be made: those that were there. Copies of one message in
    /// several partitions cannot be told apart: none.
    std::vector<std::uint32_t> sources_by_then(const entry& copy) const {
        std::vector<std::uint32_t> all;
        const auto it = sources_.find(source_of(copy));
        if (it == sources_.end()) return all;
        for (const auto i : it->second)
            if (from_[i].time <= copy.time) all.push_back(i);
        if (!all.empty() && from_[all.front()].partition != from_[all.back()].partition)
            all.clear();
        return all;
    }

    /// More results than sources: each of them comes of a crash that is known, or of none.
    fact again() const {
        copies_made again;
        const causes why{all_, owners_};
        for (auto& [which, copies] : copies_) {
            const auto it = sources_.find(which);
            const auto wanted = it == sources_.end() ? 0 : it->second.size();
            if (copies.size() <= wanted || wanted == 0) continue;
            auto in_time = copies;
            std::stable_sort(in_time.begin(), in_time.end(),
                             [&](auto a, auto b) { return to_[a].time < to_[b].time; });
            for (auto i = wanted; i < in_time.size(); ++i) {
                const auto &one = to_[in_time[i - 1]], &two = to_[in_time[i]];
                again.add(why.of({maker(one), one.time}, {maker(two), two.time},
                                 may_be_made_from(one, from_[it->second.front()])),
                          at(two) + ", after " + at(one));
            }
        }
        if (hop_.exactly_once) return std::move(again).exactly_once(name());
        return std::move(again).at_least_once(name(), to_.size());
    }
    /// What is sent may wait in its process until the broker takes it.
    milliseconds may_be_made_from(const entry& copy, const entry& source) const {
        auto& sessions = owners_.of(maker(copy), {hop_.from, source.partition});
        return std::max(source.time, sessions.empty() ? 0 : sessions.front().begin);
    }

    static constexpr std::uint32_t nobody = std::numeric_limits<std::uint32_t>::max();
    const evidence& all_;
    const owners& owners_;
    const hop& hop_;
    const std::vector<entry>&from_, &to_;
    std::vector<path> paths_;
    index sources_, copies_;
};

// --------------------------------------------------------------------------------------- commits

/// When everything before an offset was done.
class done_before {
public:
    done_before(const std::vector<entry>& entries, const std::vector<const hop_check*>& hops) {
        for (auto& e : entries) {
            auto& all = partitions_[e.partition];
            milliseconds at = all.empty() ? 0 : all.back().second;
            for (const auto* h : hops) at = std::max(at, h->ready(e));
            all.emplace_back(e.offset, at);
        }
    }
    milliseconds operator()(int partition, std::int64_t offset) const {
        const auto it = partitions_.find(partition);
        if (it == partitions_.end()) return 0;
        const auto behind = std::lower_bound(it->second.begin(), it->second.end(),
                                             std::pair{offset, milliseconds{-1}});
        return behind == it->second.begin() ? 0 : std::prev(behind)->second;
    }

private:
    std::map<int, std::vector<std::pair<std::int64_t, milliseconds>>> partitions_;
};

void check_commits(const evidence& all, const std::string& topic,
                   const std::vector<const hop_check*>& hops, std::vector<fact>& facts) {
    const auto name = label(all, topic);
    auto& log = all.topics.at(topic);
    const done_before done{log.entries, hops};
    std::map<int, std::int64_t> last;
    found back, early;
    std::size_t n = 0;
    for (auto& e : all.group) {
        const auto* c = std::get_if<commit>(&e);
        if (!c || c->topic != topic) continue;
        ++n;
        const auto says =
            place(all, topic, c->partition, c->offset) + " at " + seconds(c->time - all.began);
        const auto [it, first] = last.try_emplace(c->partition, c->offset);
        if (!first && c->offset < it->second)
            back.add(says + ", after " + std::to_string(it->second));
        it->second = c->offset;
        const bool beyond = c->offset > log.ends.at(static_cast<std::size_t>(c->partition));
        if (beyond || done(c->partition, c->offset) > c->time) early.add(says);
    }
    facts.push_back(std::move(back).as_fact(name + ": none of " + grouped(n) + " commits goes back",
                                            name + ": commits that go back"));
    facts.push_back(
        std::move(early).as_fact(name + ": no commit passes a message whose result is not there",
                                 name + ": commits that pass a message without its result"));
    found open;
    for (int p = 0; p < static_cast<int>(log.ends.size()); ++p) {
        const auto end = log.ends[static_cast<std::size_t>(p)];
        if (end > 0 && (!last.contains(p) || last[p] != end))
            open.add(place(all, topic, p, last.contains(p) ? last[p] : -1) + " of " +
                     std::to_string(end));
    }
    facts.push_back(std::move(open).as_fact(name + ": all of it is committed in the end",
                                            name + ": partitions that are not committed"));
}

// ---------------------------------------------------------------------------------------- tables

/// Each key's number is how often it is in the topics that the table reads.
void check_table(const evidence& all, const table& t, std::vector<fact>& facts) {
    std::map<std::string, std::int64_t> wanted;
    std::set<std::int64_t> seen;
    for (auto& topic : t.reads)
        for (auto& e : all.topics.at(topic).entries)
            if (t.what == counts::messages || seen.insert(e.id).second)
                ++wanted[all.names.at(e.key)];
    auto& rows = all.changelogs.at(t.changelog);
    const auto is = sums(rows);
    found wrong;
    const auto says = [](const std::string& key, std::int64_t n, std::int64_t of) {
        return "key '" + key + "' has " + std::to_string(n) + ", not " + std::to_string(of);
    };
    for (auto& [key, n] : wanted) {
        const auto it = is.find(key);
        const auto has = it == is.end() ? 0 : it->second;
        if (has != n) wrong.add(says(key, has, n));
    }
    for (auto& [key, n] : is)
        if (!wanted.contains(key)) wrong.add(says(key, n, 0));
    facts.push_back(std::move(wrong).as_fact(
        "table " + t.name + ": each of " + grouped(wanted.size()) + " keys has the right sum",
        "table " + t.name + ": keys with a wrong sum"));
    found bare;
    bare.n = rows.without_cut;
    facts.push_back(std::move(bare).as_fact("table " + t.name + ": each row says its cut",
                                            "table " + t.name + ": rows without a cut"));
}

// ----------------------------------------------------------------------------- what messages say

/// What stands behind `"name":` in a flat JSON object, without quotes.
std::string_view field(std::string_view object, const char* name) {
    const auto label = '"' + std::string{name} + "\":";
    auto from = object.find(label);
    if (from == object.npos) throw std::runtime_error{"no field " + label + " in a message"};
    from += label.size();
    const bool quoted = object[from] == '"';
    from += quoted;
    return object.substr(from, object.find_first_of(quoted ? "\"" : ",}", from) - from);
}
std::int64_t number(std::string_view text) {
    std::int64_t n = 0;
    std::from_chars(text.data(), text.data() + text.size(), n);
    return n;
}

}  // namespace

std::uint32_t texts::of(std::string_view s) {
    if (const auto it = known_.find(s); it != known_.end()) return it->second;
    const auto n = static_cast<std::uint32_t>(all_.size());
    all_.emplace_back(s);
    known_.emplace(all_.back(), n);
    return n;
}

/// One object, or an array of them.
void evidence::add(const std::string& topic, const record& r) {
    auto& log = topics[topic];
    const std::string_view text = r.value ? std::string_view{*r.value} : std::string_view{};
    for (auto from = text.find('{'); from != text.npos; from = text.find('{', from + 1)) {
        const auto object = text.substr(from, text.find('}', from) - from + 1);
        const bool is_joined = object.find("\"match\":") != object.npos;
        log.entries.push_back({number(field(object, "id")), r.partition, r.offset, r.time,
                               names.of(r.key.value_or("")), names.of(field(object, "key")),
                               names.of(field(object, "by")),
                               is_joined ? number(field(object, "match")) : -1});
    }
    const auto p = static_cast<std::size_t>(r.partition);
    if (log.ends.size() <= p) log.ends.resize(p + 1);
    log.ends[p] = std::max(log.ends[p], r.offset + 1);
}

void evidence::finish() {
    for (auto& [name, log] : topics)
        std::stable_sort(log.entries.begin(), log.entries.end(), before);
}

std::vector<fact> check(const evidence& all) {
    std::vector<fact> facts;
    const owners who{all.group};
    std::deque<hop_check> hops;
    std::map<std::string, std::vector<const hop_check*>> reading;
    for (auto& h : all.hops) {
        hops.emplace_back(all, who, h);
        reading[h.from].push_back(&hops.back());
    }
    for (auto& t : all.tables)
        for (auto& topic : t.reads) reading[topic];
    for (auto& j : all.table_joins) reading[j.rows];
    for (auto& j : all.stream_joins) reading[j.left], reading[j.right];
    for (auto& h : hops) h.facts(facts);
    for (auto& [topic, of] : reading) check_commits(all, topic, of, facts);
    for (auto& t : all.tables) check_table(all, t, facts);
    for (auto& j : all.table_joins) check_join(all, j, facts);
    for (auto& j : all.stream_joins) check_join(all, who, j, facts);
    return facts;
}

}  // namespace tests::torture
