// SPDX-License-Identifier: Apache-2.0
#include "readers.hpp"

#include <string>
#include <utility>

#include <weir/error.hpp>

namespace weir::transport::kafka {
namespace {

std::string name_of(const topic_partition& tp) {
    return "topic '" + tp.topic + "'[" + std::to_string(tp.partition) + ']';
}

}  // namespace

/// Stops the fetching with its destructor.
class readers::reader final : public partition {
public:
    reader(std::shared_ptr<read_state> r, std::shared_ptr<slot> s, std::shared_ptr<readers*> of)
        : partition(std::move(r), std::move(s)), of_(std::move(of)) {}
    ~reader() override {
        if (*of_) (*of_)->close((*of_)->watched_[(*of_)->numbers_.at(slot_->tp)]);
    }
    /// What the client knows before this reader has read anything is from an earlier one. At the
    /// end of what can be read an open transaction may follow, which is not in this end.
    std::optional<offset> end() const override {
        if (!slot_->heard) return {};
        return slot_->at_end ? slot_->next : partition::end();
    }

private:
    const std::shared_ptr<readers*> of_;
};

readers::readers(const configuration& c, problems& p, ready_list& ready)
    : callbacks(p),
      ready_(ready),
      shared_(new read_state{std::make_shared<handle>(make(RD_KAFKA_CONSUMER, c.reader())), p}),
      rk_(shared_->from->rk),
      main_(rd_kafka_queue_get_main(rk_)),
      self_(std::make_shared<readers*>(this)) {
    shared_->wake_below(prefetch_of(c.reader().get()));
    ready.watch(main_.get(), own_number);
}

readers::~readers() {
    for (auto& w : watched_) {
        if (w.now) close(w);
        ready_list::unwatch(w.queue.get());
    }
    ready_list::unwatch(main_.get());
    *self_ = nullptr;
}

std::unique_ptr<weir::transport::partition> readers::open(const topic_partition& tp, offset from) {
    const auto next = static_cast<std::uint32_t>(watched_.size());
    const auto [it, first] = numbers_.try_emplace(tp, next);
    if (first) {
        watched_.push_back({topic_handle{rd_kafka_topic_new(rk_, tp.topic.c_str(), nullptr)},
                            queue_handle{rd_kafka_queue_new(rk_)}});
        ready_.watch(watched_.back().queue.get(), first_partition + next);
    }
    auto& w = watched_[it->second];
    if (w.now) throw error{"weir: " + name_of(tp) + " has a reader already"};
    w.now = std::make_shared<slot>(slot{tp, w.queue.get(), from > 0 ? from : -1});
    w.now->outside = true;
    w.asked = clock::now();
    // Not RD_KAFKA_OFFSET_BEGINNING: a question for it that no leader is known for yet is asked
    // again half a second later.
    if (!w.topic || rd_kafka_consume_start_queue(w.topic.get(), tp.partition, from, w.queue.get()))
        problems_.add({name_of(tp) + " cannot be read: " + text_of(rd_kafka_last_error()), true});
    return std::make_unique<reader>(shared_, w.now, self_);
}

void readers::serve() {
    rd_kafka_poll(rk_, 0);
    const auto now = clock::now();
    for (auto& w : watched_) {
        if (!w.now || w.now->heard || now - w.asked < patience) continue;
        if (rd_kafka_queue_length(w.queue.get()) > 0) continue;  // nobody reads
        w.asked = now;
        problems_.add(
            {"Kafka: " + name_of(w.now->tp) +
             " is to be read, and its broker does not answer; check that the broker runs, "
             "that the topic exists, and that this user may DESCRIBE and READ it"});
    }
}

/// librdkafka answers the stop on a thread that waits for no broker.
void readers::close(watched& w) {
    w.now->readable = false;
    if (w.topic) rd_kafka_consume_stop(w.topic.get(), w.now->tp.partition);
    while (const message_handle m{rd_kafka_consume_queue(w.queue.get(), 0)}) {}
    w.now.reset();
}

void readers::ready(std::uint32_t number) {
    if (number == own_number) serve();
    else if (auto& s = watched_[number - first_partition].now) s->ready = true;
}
void readers::all_ready() {
    serve();
    for (auto& w : watched_)
        if (w.now) w.now->ready = true;
}

}  // namespace weir::transport::kafka
