// SPDX-License-Identifier: Apache-2.0
// `prog explain TOPIC PARTITION`: what holds a partition's commit back, in one line.
#pragma once
#include <string>

#include <weir/message.hpp>

namespace weir::detail {

class engine;

/// One question, answered once, on standard output. Used on the loop's thread, beside the run that
/// it looks at: `look` while the run goes on, `end` when it is over.
class explanation {
public:
    explanation(engine& e, topic_partition asked) : of_(e), asked_(std::move(asked)) {}

    /// What is wrong with the question, now that the topic's partitions are known; empty: nothing.
    std::string wrong() const;
    /// Answers if something holds the commit back now.
    void look();
    /// Answers if nothing has: how far the run has come.
    void end();

private:
    void answer(const std::string& text);

    engine& of_;
    const topic_partition asked_;
    bool answered_ = false;
};

}  // namespace weir::detail
