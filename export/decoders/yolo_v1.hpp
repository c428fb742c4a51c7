// Decodes the raw grid of YOLO and Fast YOLO. C++17, the standard library.
#pragma once

#include <array>

#include "suppress.hpp"

namespace regionzoo {

struct YoloV1 {  // as the card's `decoder` has it
  std::array<int, 2> image_size;  // height, width in pixels
  int num_boxes, num_classes;
  float score_threshold, iou_threshold;
  std::size_t max_detections;
};

// `grid` holds (rows, columns, num_boxes * 5 + C): of each box of a cell x, y of its centre within the cell, the square
// roots of its width and height as shares of the picture, and its confidence; then C class probabilities.
// Redmon et al. 2016, arXiv:1506.02640, section 2.
inline std::vector<Detection> decode(const float* grid, int rows, int columns, const YoloV1& card) {
  std::vector<Detection> pairs;
  const float height = card.image_size[0], width = card.image_size[1];
  for (int row = 0; row < rows; ++row)
    for (int column = 0; column < columns; ++column) {
      const float* classes = grid + 5 * card.num_boxes;
      for (const float* box = grid; box < classes; box += 5) {
        const float x = (box[0] + column) * (width / columns), y = (box[1] + row) * (height / rows);
        const float w = box[2] * box[2] * width / 2, h = box[3] * box[3] * height / 2;
        for (int c = 0; c < card.num_classes; ++c)
          pairs.push_back({std::clamp(x - w, 0.0f, width), std::clamp(y - h, 0.0f, height),
                           std::clamp(x + w, 0.0f, width), std::clamp(y + h, 0.0f, height), box[4] * classes[c], c});
      }
      grid = classes + card.num_classes;
    }
  return suppress(std::move(pairs), card.score_threshold, card.iou_threshold, card.max_detections);
}

}  // namespace regionzoo
