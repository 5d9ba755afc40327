// SPDX-License-Identifier: Apache-2.0
// All of weir but the opt-in headers (<weir/ranges.hpp>, <weir/testing/test_driver.hpp>).
#pragma once
#include <weir/app.hpp>
#include <weir/batch.hpp>
#include <weir/codec/codec.hpp>
#include <weir/codec/json.hpp>
#include <weir/event.hpp>
#include <weir/from.hpp>
#include <weir/hooks.hpp>
#include <weir/operators/erase.hpp>
#include <weir/operators/events.hpp>
#include <weir/operators/filter.hpp>
#include <weir/operators/flat_map.hpp>
#include <weir/operators/for_each.hpp>
#include <weir/operators/group_by.hpp>
#include <weir/operators/map.hpp>
#include <weir/operators/merge.hpp>
#include <weir/operators/noack.hpp>
#include <weir/operators/take.hpp>
#include <weir/operators/tap.hpp>
#include <weir/operators/through.hpp>
#include <weir/operators/to.hpp>
#include <weir/own.hpp>
#include <weir/task.hpp>
#include <weir/topic.hpp>
