// SPDX-License-Identifier: Apache-2.0
#include "join_checks.hpp"

#include <set>
#include <unordered_map>

namespace tests::torture {
namespace {

/// When the group has first committed a topic's messages.
class commits_of {
public:
    commits_of(const evidence& all, const std::string& topic) {
        for (auto& e : all.group)
            if (const auto* c = std::get_if<commit>(&e); c && c->topic == topic)
                partitions_[c->partition].emplace_back(c->offset, c->time);
    }
    milliseconds passes(const entry& e) const {
        const auto at = partitions_.find(e.partition);
        if (at == partitions_.end()) return never;
        const auto it =
            std::upper_bound(at->second.begin(), at->second.end(), std::pair{e.offset, never});
        return it == at->second.end() ? never : it->second;
    }

private:
    std::map<int, std::vector<std::pair<std::int64_t, milliseconds>>> partitions_;
};

// -------------------------------------------------------------------------------- with a table

class table_join_check {
public:
    table_join_check(const evidence& all, const table_join& j)
        : all_(all), join_(j), done_(all, j.rows) {
        for (auto& e : all.topics.at(j.rows).entries) {
            rows_[{e.key, e.partition}].push_back(&e);
            by_id_.emplace(e.id, &e);
        }
        for (auto& e : all.topics.at(j.stream).entries) sources_.emplace(e.id, &e);
    }

    /// A row that was there, and none that is older than what was committed when the message came.
    fact right_rows() const {
        found wrong;
        auto& results = all_.topics.at(join_.to).entries;
        for (auto& e : results)
            if (const auto why = problem(e); !why.empty())
                wrong.add("id " + std::to_string(e.id) + " in " +
                          place(all_, join_.to, e.partition, e.offset) + why);
        return std::move(wrong).as_fact(
            label(all_, join_.to) + ": each of " + grouped(results.size()) +
                " results has a row that the table had",
            label(all_, join_.to) + ": results with a row that the table did not have");
    }

private:
    std::string problem(const entry& result) const {
        const auto source = sources_.find(result.id);
        if (source == sources_.end()) return {};  // the hop says it
        auto& message = *source->second;
        const auto* least = newest_before(message);
        if (result.match < 0) {
            if (!least) return {};
            return " has no row, but " + text(*least) + " was committed before its message came";
        }
        const auto it = by_id_.find(result.match);
        if (it == by_id_.end()) return " has row " + std::to_string(result.match) + " of nobody";
        auto& row = *it->second;
        if (row.key != message.key) return " has " + text(row) + ", which has another key";
        if (row.time > result.time) return " has " + text(row) + ", which was not there yet";
        if (least && row.offset < least->offset)
            return " has " + text(row) + ", but " + text(*least) +
                   " was committed before its message came";
        return {};
    }
    /// The last row of its key that was committed before it came.
    const entry* newest_before(const entry& message) const {
        const auto it = rows_.find({message.key, message.partition});
        if (it == rows_.end()) return nullptr;
        for (auto row = it->second.rbegin(); row != it->second.rend(); ++row)
            if (done_.passes(**row) <= message.time) return *row;
        return nullptr;
    }
    std::string text(const entry& row) const {
        return "row " + std::to_string(row.id) + ", " +
               place(all_, join_.rows, row.partition, row.offset);
    }

    const evidence& all_;
    const table_join& join_;
    commits_of done_;
    std::map<std::pair<std::uint32_t, int>, std::vector<const entry*>> rows_;  // by key, partition
    std::unordered_map<std::int64_t, const entry*> by_id_, sources_;
};

// ------------------------------------------------------------------------------- of two streams

class stream_join_check {
public:
    stream_join_check(const evidence& all, const owners& o, const stream_join& j)
        : all_(all),
          owners_(o),
          join_(j),
          left_(all.topics.at(j.left).entries),
          right_(all.topics.at(j.right).entries),
          to_(all.topics.at(j.to).entries) {
        expect_pairs();
        if (j.alone) expect_alone();
        for (auto& e : to_) results_[{e.id, e.match}].push_back(&e);
    }

    void facts(std::vector<fact>& all) const {
        all.push_back(complete());
        all.push_back(right());
        all.push_back(owned());
        all.push_back(in_time());
        all.push_back(again());
    }

private:
    /// Of a left message and a right one; -1: there is none.
    using ids = std::pair<std::int64_t, std::int64_t>;
    struct sources {
        const entry* left = nullptr;
        const entry* right = nullptr;
    };
    static constexpr std::int64_t none = -1;

    void expect_pairs() {
        std::map<std::pair<std::uint32_t, int>, std::vector<const entry*>> by_key;
        for (auto& b : right_) by_key[{b.key, b.partition}].push_back(&b);
        for (auto& a : left_) {
            const auto it = by_key.find({a.key, a.partition});
            if (it == by_key.end()) continue;
            for (const auto* b : it->second)
                if (b->time >= a.time - join_.before && b->time <= a.time + join_.after) {
                    wanted_[{a.id, b->id}] = {&a, b};
                    matched_.insert(a.id);
                }
        }
    }
    void expect_alone() {
        std::map<int, milliseconds> last;
        for (const auto* side : {&left_, &right_})
            for (auto& e : *side) last[e.partition] = std::max(last[e.partition], e.time);
        for (auto& a : left_)
            if (!matched_.contains(a.id) && last[a.partition] > a.time + join_.after + join_.grace)
                wanted_[{a.id, none}] = {&a, nullptr};
    }

    std::string name() const {
        return label(all_, join_.left) + " and " + label(all_, join_.right) + " -> " +
               label(all_, join_.to) + ": ";
    }
    static std::string text(const ids& of) {
        return "id " + std::to_string(of.first) +
               (of.second < 0 ? " alone" : " with " + std::to_string(of.second));
    }
    const std::string& maker(const entry& result) const { return all_.names.at(result.made_by); }
    std::string at(const entry& e) const {
        return text({e.id, e.match}) + " in " + place(all_, join_.to, e.partition, e.offset) +
               " by " + maker(e) + " at " + seconds(e.time - all_.began);
    }
    std::string places(const sources& of) const {
        auto said = place(all_, join_.left, of.left->partition, of.left->offset);
        if (of.right)
            said += ", " + place(all_, join_.right, of.right->partition, of.right->offset);
        return said;
    }

    fact complete() const {
        found lost;
        std::size_t pairs = 0;
        for (auto& [which, of] : wanted_) {
            pairs += of.right != nullptr;
            if (!results_.contains(which)) lost.add(text(which) + ", " + places(of));
        }
        auto says = name() + "each of " + grouped(pairs) + " pairs has its result";
        if (join_.alone)
            says +=
                ", and each of " + grouped(wanted_.size() - pairs) + " messages without a match";
        return std::move(lost).as_fact(says, name() + "pairs or messages without a result");
    }
    fact right() const {
        found strange;
        for (auto& [which, copies] : results_)
            for (const auto* e : copies)
                if (const auto it = wanted_.find(which);
                    it == wanted_.end() || it->second.left->key != e->key)
                    strange.add(at(*e));
        return std::move(strange).as_fact(
            name() + grouped(to_.size()) + " results are what matches, with the right key",
            name() + "results that do not match, or have a wrong key");
    }
    /// Who has made a result had the partition by then, and the group had not finished both sources
    /// before that.
    fact owned() const {
        found strange;
        for (auto& [which, copies] : results_) {
            const auto it = wanted_.find(which);
            if (it == wanted_.end()) continue;
            for (const auto* e : copies)
                if (!may_make(*e, it->second)) strange.add(at(*e));
        }
        return std::move(strange).as_fact(
            name() + "nobody has joined what the group had committed before it was his",
            name() + "results of what was committed before, or was not the maker's");
    }
    bool may_make(const entry& result, const sources& of) const {
        const auto p = of.left->partition;
        for (auto& s : owners_.of(maker(result), {join_.left, p})) {
            if (s.begin > result.time) break;
            if (!of.right || s.start <= of.left->offset) return true;
            for (auto& other : owners_.of(maker(result), {join_.right, p}))
                if (other.begin == s.begin && other.start <= of.right->offset) return true;
        }
        return false;
    }
    /// A pair's result is there before both of its messages are committed.
    fact in_time() const {
        const commits_of left{all_, join_.left}, right{all_, join_.right};
        found early;
        for (auto& [which, copies] : results_) {
            const auto it = wanted_.find(which);
            if (it == wanted_.end() || !it->second.right) continue;
            const auto both =
                std::max(left.passes(*it->second.left), right.passes(*it->second.right));
            if (std::none_of(copies.begin(), copies.end(),
                             [&](auto* e) { return e->time <= both; }))
                early.add(at(*copies.front()) + ", committed at " + seconds(both - all_.began));
        }
        return std::move(early).as_fact(
            name() + "no commit passes a pair whose result is not there",
            name() + "pairs that were committed without their result");
    }
    fact again() const {
        const causes why{all_, owners_};
        copies_made again;
        for (auto& [which, copies] : results_) {
            const auto it = wanted_.find(which);
            if (it == wanted_.end()) continue;
            auto in_time = copies;
            std::stable_sort(in_time.begin(), in_time.end(),
                             [](auto* a, auto* b) { return a->time < b->time; });
            for (std::size_t i = 1; i < in_time.size(); ++i) {
                const auto &one = *in_time[i - 1], &two = *in_time[i];
                again.add(why.of({maker(one), one.time}, {maker(two), two.time},
                                 earliest(one, it->second)),
                          at(two) + ", after " + at(one));
            }
        }
        return std::move(again).at_least_once(name(), to_.size());
    }
    milliseconds earliest(const entry& result, const sources& of) const {
        const auto came = of.right ? std::max(of.left->time, of.right->time)
                                   : of.left->time + join_.after + join_.grace;
        auto& sessions = owners_.of(maker(result), {join_.left, of.left->partition});
        return std::max(came, sessions.empty() ? 0 : sessions.front().begin);
    }

    const evidence& all_;
    const owners& owners_;
    const stream_join& join_;
    const std::vector<entry>&left_, &right_, &to_;
    std::map<ids, sources> wanted_;
    std::set<std::int64_t> matched_;
    std::map<ids, std::vector<const entry*>> results_;
};

}  // namespace

void check_join(const evidence& all, const table_join& j, std::vector<fact>& facts) {
    facts.push_back(table_join_check{all, j}.right_rows());
}
void check_join(const evidence& all, const owners& who, const stream_join& j,
                std::vector<fact>& facts) {
    stream_join_check{all, who, j}.facts(facts);
}

}  // namespace tests::torture
