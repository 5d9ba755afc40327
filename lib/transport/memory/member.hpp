// SPDX-License-Identifier: Apache-2.0
// A member of a group and a producer: the memory broker's side of the transport interface.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include <weir/transport/memory.hpp>

#include "core.hpp"
#include "group.hpp"

namespace weir::transport::memory {

/// Lives from `connect` until its app drops it. If `close` was not called, its destructor leaves
/// the group. Owned by the app and used on the loop's thread. It keeps the broker alive. What the
/// broker and other members have for it is in its seat, under the broker's lock. Reports of its own
/// sends and commits are in the member, and `poll` gives them without the lock.
class member final : public transport {
public:
    member(std::shared_ptr<memory_broker>, core&, std::string group, memory_member_options);
    ~member() override;

    std::optional<partition_id> partitions(const std::string& topic) override;
    std::vector<std::string> topics() override;
    void create(const topic_spec&) override;
    std::vector<topic_config> configs(std::span<const std::string> topics) override;

    void subscribe(std::span<const subscription>) override;
    void release(std::span<const topic_partition>) override;
    void commit(std::span<const position>) override;
    void purge(std::span<const position>) override;
    void watch_members() override;

    std::unique_ptr<weir::transport::partition> reader(const topic_partition&,
                                                       offset from) override;

    topic_id open(const std::string& topic) override;
    bool send(const record&, std::uint64_t token) override;

    bool poll(listener&) override;
    int fd() const override { return seat_.fd; }
    void close(listener&, duration) override;

    const memory_broker* broker() const { return broker_.get(); }
    void kill();

private:
    struct report {
        std::uint64_t token;
        std::unique_ptr<delivery> failed;  // null: delivered
        weir::offset offset;
    };
    bool tell_reports(listener&);
    bool tell_news(listener&);

    std::shared_ptr<memory_broker> broker_;
    core& core_;
    std::string group_;
    memory_member_options options_;
    const weir::clock real_{};
    const weir::clock& clock_;
    seat seat_;
    // Two, since a listener may send while it is called.
    std::vector<report> reports_{}, telling_{};
    std::vector<commit_result> results_{};
    std::vector<std::string> problems_{};  // fatal ones, to be told
    std::vector<subscription> subscribed_{};
    bool ended_ = false;  // the broker ended the membership: the next poll joins again
};

}  // namespace weir::transport::memory
