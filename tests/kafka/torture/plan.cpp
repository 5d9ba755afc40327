// SPDX-License-Identifier: Apache-2.0
#include "plan.hpp"

#include <map>

#include "names.hpp"

namespace tests::torture {
namespace {

class maker {
public:
    explicit maker(std::string app) : app_(std::move(app)) {
        made_.input = app_ + "-in";
        made_.topics.push_back({made_.input});
    }

    void forward() { add({made_.input, forwarded()}); }
    void repartition() {
        const auto between = repartition_topic(app_, "repartition", "key");
        add({made_.input, between, keyed::by_field});
        add({between, app_ + "-repartition-out"});
    }
    void batch() { batch(made_.input); }
    void async() { add({made_.input, app_ + "-async-out", keyed::as_source, kept::order_of_key}); }
    void count() {
        const auto between = repartition_topic(app_, "count", "key");
        add({made_.input, between, keyed::by_field});
        made_.tables.push_back({"seen", changelog_topic(app_, "seen"), {between}});
    }
    void merge_count() {
        forward();
        made_.tables.push_back({"both", changelog_topic(app_, "both"), {made_.input, forwarded()}});
    }
    void all() { forward(), repartition(), async(), batch(forwarded()); }

    plan made() && { return std::move(made_); }

private:
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
