// SPDX-License-Identifier: Apache-2.0
// Deleting what an internal topic no longer needs: asked for, never waited for.
#pragma once
#include <cstdint>
#include <span>

#include "problems.hpp"
#include "producer.hpp"
#include "ready_list.hpp"

namespace weir::transport::kafka {

/// Asks through the producer's handle. Answers come in a queue of its own. Owned by the client,
/// destroyed before the producer; used on the loop's thread.
class purges {
public:
    purges(producer&, problems&, ready_list&, std::uint32_t number);
    ~purges();
    purges(const purges&) = delete;
    purges& operator=(const purges&) = delete;

    void send(std::span<const position>);
    /// Looks at the answers. The first failure is a problem, later ones are not told.
    void collect();

private:
    void failed(rd_kafka_resp_err_t, const char* topic);

    producer& producer_;
    problems& problems_;
    queue_handle answers_;
    bool told_ = false;
};

}  // namespace weir::transport::kafka
