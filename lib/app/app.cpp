// SPDX-License-Identifier: Apache-2.0
#include <weir/app.hpp>

#include <algorithm>

#include "engine.hpp"

namespace weir {

app::app(std::string id, app_options options)
    : engine_(std::make_shared<detail::engine>(std::move(id), std::move(options))) {}
app::~app() { engine_->close(); }

const std::string& app::id() const { return engine_->id(); }
detail::topic_info& app::declare(const std::string& name, topic_options o,
                                 const detail::data_type& key, const detail::data_type& value) {
    return engine_->topics().declare(name, std::move(o), key, value);
}
std::vector<detail::topic_info*> app::declare(std::initializer_list<std::string> names,
                                              const topic_options& o, const detail::data_type& key,
                                              const detail::data_type& value) {
    if (names.size() == 0) throw setup_error{"weir: app.topics({}): name at least one topic"};
    std::vector<detail::topic_info*> all;
    for (auto& name : names) {
        auto& t = engine_->topics().declare(name, o, key, value);
        if (std::find(all.begin(), all.end(), &t) != all.end())
            throw setup_error{"weir: app.topics: '" + name + "' is named twice"};
        all.push_back(&t);
    }
    return all;
}
detail::topic_info& app::declare_pattern(const std::string& pattern, topic_options o) {
    return engine_->topics().declare_pattern(pattern, std::move(o));
}
detail::table_info& app::declare(std::unique_ptr<detail::table_info> t, properties changelog,
                                 int replication) {
    if (t->is_global && engine_->running() && !engine_->tables().find(t->name))
        throw setup_error{"weir: global table '" + t->name +
                          "' is declared while the app runs: declare it before, so that it is "
                          "restored first"};
    return engine_->tables().declare(std::move(t), std::move(changelog), replication);
}
detail::host& app::host() const { return *engine_; }
void app::add(std::string name, std::unique_ptr<detail::topology> what, agent_options o) {
    engine_->add(std::move(name), std::move(what), o, false);
}
void app::add(std::unique_ptr<detail::job> what, duration interval, policy on_error) {
    engine_->add(std::move(what), interval, std::move(on_error));
}
std::shared_ptr<detail::host> app::shared_host() const { return engine_; }
weir::graph app::graph() const { return engine_->graph(); }
std::vector<partition_status> app::partitions() const { return engine_->status(); }

counters app::counters() const { return engine_->counters(); }
std::optional<blocked> app::explain(const std::string& topic, partition_id p) const {
    return engine_->explain({topic, p});
}

void app::run() { engine_->run(); }
bool app::poll(duration timeout) { return engine_->poll(timeout); }
int app::poll_fd() { return engine_->sleeper().fd(); }
void app::stop() noexcept { engine_->stop(); }
void app::check_restored() const { engine_->check_restored(); }
void app::post(std::unique_ptr<detail::posted> p) { engine_->post(std::move(p)); }

std::shared_ptr<detail::host> detail::private_host() {
    return std::make_shared<engine>("range", app_options{});
}

}  // namespace weir
