// SPDX-License-Identifier: Apache-2.0
// The transport: a producer, and a consumer once something is subscribed.
#include <chrono>
#include <utility>

#include <weir/error.hpp>

#include "consumer.hpp"
#include "kafka.hpp"
#include "members.hpp"
#include "producer.hpp"
#include "purges.hpp"
#include "readers.hpp"
#include "topics.hpp"

namespace weir::transport::kafka {
namespace {

constexpr std::uint32_t producer_number = ~std::uint32_t{0};
constexpr std::uint32_t purges_number = producer_number - 1;
constexpr std::uint32_t members_number = producer_number - 2;

/// Made by `connect`, owned by the engine for one run, used on its thread. Members are destroyed in
/// reverse order: the readers, the consumer, then the producer, and last the list that all of them
/// write to.
class client final : public transport {
public:
    explicit client(const connect_options& o)
        : configuration_(o),
          producer_(configuration_, problems_, ready_, producer_number),
          topics_(producer_, problems_, o),
          purges_(producer_, problems_, ready_, purges_number),
          group_(o.group) {}

    std::optional<partition_id> partitions(const std::string& topic) override {
        return topics_.partitions(topic);
    }
    std::vector<std::string> topics() override {
        std::vector<std::string> names;
        for (auto& [name, count] : topics_.all()) names.push_back(name);
        return names;
    }
    void create(const topic_spec& spec) override { topics_.create(spec); }
    std::vector<topic_config> configs(std::span<const std::string> topics) override {
        return topics_.configs(topics);
    }

    void subscribe(std::span<const subscription> to) override {
        if (!consumer_)
            consumer_ = std::make_unique<consumer>(configuration_, topics_, problems_, ready_, to);
        consumer_->subscribe(to);
    }
    void release(std::span<const topic_partition> tps) override {
        if (consumer_) consumer_->release(tps);
    }
    void commit(std::span<const position> positions) override {
        if (consumer_) return consumer_->commit(positions);
        throw error{"weir: a commit before anything was subscribed"};
    }

    void purge(std::span<const position> below) override { purges_.send(below); }

    void watch_members() override {
        if (members_) return;
        members_ = std::make_unique<members>(producer_, problems_, ready_, members_number, group_);
    }

    std::unique_ptr<weir::transport::partition> reader(const topic_partition& tp,
                                                       offset from) override {
        if (!readers_) readers_ = std::make_unique<readers>(configuration_, problems_, ready_);
        return readers_->open(tp, from);
    }

    topic_id open(const std::string& topic) override { return producer_.open(topic); }
    bool send(const record& r, std::uint64_t token) override { return producer_.send(r, token); }

    bool poll(listener& to) override {
        bool any = collect();
        if (std::exchange(producer_due_, false)) producer_.serve();
        any |= producer_.tell(to);
        if (consumer_) any |= consumer_->poll(to);
        if (members_ && consumer_ && consumer_->take_rebalanced()) members_->changed();
        if (members_) any |= members_->tell(to);
        problems_.tell(to);
        return any;
    }
    int fd() const override { return ready_.fd(); }

    /// The last reports and leaving the group are waited for at the same time: one broker may hang
    /// while another answers. Who has not answered in time does not answer at the end, either.
    void close(listener& to, duration most) override {
        using clock = std::chrono::steady_clock;
        const auto until = later(clock::now(), most);
        if (consumer_) consumer_->leave();
        bool sent = producer_.flush(to), left = !consumer_;
        for (; !(sent && left) && clock::now() < until; sent = sent || producer_.flush(to))
            left = left || consumer_->has_left();
        if (!left) consumer_->give_up();
        if (readers_ && !(sent && left)) readers_->give_up();
        if (!sent) producer_.give_up();
        problems_.tell(to);
    }

private:
    /// True if a partition has something new, too: then a read that brought nothing will bring
    /// some.
    bool collect() {
        const auto c = ready_.collect();
        for (const auto n : c.numbers) {
            if (n == producer_number) producer_due_ = true;
            else if (n == purges_number) purges_.collect();
            else if (n == members_number) members_->collect();
            else if (n >= readers::own_number) readers_->ready(n);
            else if (consumer_) consumer_->ready(n);
        }
        if (c.all) purges_.collect();
        if (c.all && members_) members_->collect();
        if (c.tick && members_ && consumer_) members_->serve(consumer_->member_id());
        if (c.all && consumer_) consumer_->all_ready();
        if (c.all && readers_) readers_->all_ready();
        if (c.tick && readers_) readers_->serve();
        if (c.tick && consumer_) consumer_->ready(consumer::own_number);
        producer_due_ |= c.all || c.tick;
        return !c.numbers.empty();
    }

    ready_list ready_{};
    problems problems_{};
    configuration configuration_;
    producer producer_;
    kafka::topics topics_;
    purges purges_;
    const std::string group_;
    std::unique_ptr<members> members_{};
    std::unique_ptr<consumer> consumer_{};
    std::unique_ptr<readers> readers_{};
    bool producer_due_ = false;
};

}  // namespace

std::unique_ptr<transport> connect(const connect_options& o) { return std::make_unique<client>(o); }

}  // namespace weir::transport::kafka
