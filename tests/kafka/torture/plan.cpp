// SPDX-License-Identifier: Apache-2.0
#include "plan.hpp"

#include <algorithm>
#include <map>

#include "names.hpp"

namespace tests::torture {
namespace {

bool all_of_them(std::int64_t) { return true; }
std::string one_of_97(std::int64_t id) { return "k" + std::to_string(id % 97); }
std::string its_own(std::int64_t id) { return "k" + std::to_string(id); }

class maker {
public:
    explicit maker(std::string app) : app_(std::move(app)) {}

    void forward() { add({in(), forwarded()}); }
    void repartition() {
        const auto between = repartition_topic(app_, "repartition", "key");
        add({in(), between, keyed::by_field});
        add({between, app_ + "-repartition-out"});
    }
    void batch() { batch(in()); }
    void async() { add({in(), app_ + "-async-out", keyed::as_source, kept::order_of_key}); }
    void count() {
        const auto between = repartition_topic(app_, "count", "key");
        add({in(), between, keyed::by_field});
        made_.tables.push_back({"seen", changelog_topic(app_, "seen"), {between}});
    }
    void merge_count() {
        forward();
        made_.tables.push_back({"both", changelog_topic(app_, "both"), {in(), forwarded()}});
    }
    /// A customer changes ten times as seldom as an order comes.
    void join() {
        const auto customers = fed(
            "customers", [](auto id) { return id % 10 == 0; },
            [](auto id) { return one_of_97(id / 10); });
        const auto to = app_ + "-join-out";
        add({in(), to});
        made_.tables.push_back({"joined", changelog_topic(app_, "joined"), {in()}});
        made_.table_joins.push_back({in(), customers, to});
    }
    /// A third of the orders is not paid.
    void stream_join() {
        const auto orders = fed("in", all_of_them, its_own),
                   payments = fed(
                       "payments", [](auto id) { return id % 3 != 0; }, its_own);
        for (const bool alone : {false, true}) {
            const auto to = app_ + (alone ? "-state-out" : "-paid-out");
            made_.topics.push_back({to});
            made_.stream_joins.push_back({orders, payments, to, 5000, 5000, 10'000, alone});
        }
    }
    void all() { forward(), repartition(), async(), batch(forwarded()); }

    plan made() && { return std::move(made_); }

private:
    std::string in() { return fed("in", all_of_them, one_of_97); }
    std::string fed(const std::string& name, bool (*has)(std::int64_t),
                    std::string (*key)(std::int64_t)) {
        auto topic = app_ + '-' + name;
        const auto is_it = [&](auto& i) { return i.topic == topic; };
        if (std::none_of(made_.inputs.begin(), made_.inputs.end(), is_it)) {
            made_.topics.push_back({topic});
            made_.inputs.push_back({topic, has, key});
        }
        return topic;
    }
    void batch(const std::string& from) {
        const auto batches = app_ + "-batches";
        add({from, batches, keyed::not_at_all});
        add({batches, app_ + "-batch-out", keyed::not_at_all});
    }
    std::string forwarded() const { return app_ + "-forward-out"; }
    void add(hop h) {
        made_.topics.push_back({h.to});
        made_.hops.push_back(std::move(h));
    }

    std::string app_;
    plan made_;
};

const std::map<std::string, void (maker::*)()> known{
    {"forward", &maker::forward},
    {"repartition", &maker::repartition},
    {"batch", &maker::batch},
    {"async", &maker::async},
    {"all", &maker::all},
    {"count", &maker::count},
    {"merge-count", &maker::merge_count},
    {"join", &maker::join},
    {"stream-join", &maker::stream_join},
};

}  // namespace

std::vector<std::string> pipelines() {
    std::vector<std::string> names;
    for (auto& [name, make] : known) names.push_back(name);
    return names;
}

std::optional<plan> plan_of(const std::string& pipeline, const std::string& app) {
    const auto it = known.find(pipeline);
    if (it == known.end()) return std::nullopt;
    maker m{app};
    (m.*it->second)();
    return std::move(m).made();
}

}  // namespace tests::torture
