using System.Globalization;
using DemoVlp.Modeling.Serialization;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Detection;

/// <summary>
/// Turns a published checkpoint of bottom-up-attention.pytorch (its "caffe" R101 models), or its port <c>unc-nlp/frcnn-vg-finetuned</c> on Hugging Face, into a
/// detector directory. The directory's <c>model.safetensors</c> has bottom-up-attention.pytorch's keys and shapes: no export is needed on the way back.
/// </summary>
public static class DetectorImport
{
    // Pixels of the resized frame; the published detectors have anchors of up to 512.
    private const double LeastLargestSide = 200;

    /// <summary>
    /// Reads <paramref name="checkpoint"/>, a <c>torch.save</c> file of either format (the weights themselves, or under "model") or a safetensors
    /// file, and writes a detector directory. Nothing in the file is executed. The port's layout is told by its keys and converted (<see cref="HuggingFaceDetector"/>).
    /// </summary>
    /// <param name="checkpoint">Path of the file.</param>
    /// <param name="directory">Where the detector goes.</param>
    /// <param name="config">Its shape: <see cref="DetectorConfig.R101"/> for the published models.</param>
    /// <param name="classes">Class names without the background, in the checkpoint's order.</param>
    /// <param name="attributes">Attribute names without "none", in the checkpoint's order.</param>
    /// <exception cref="ModelFormatException">
    /// <c>config-invalid</c>, <c>names-invalid</c>, <c>checkpoint-malformed</c>, <c>safetensors-malformed</c> or <c>weights-mismatch</c>.
    /// </exception>
    /// <returns>What is odd about it, in a sentence for whoever imports it; null: nothing.</returns>
    public static string? Import(string checkpoint, string directory, DetectorConfig config, IReadOnlyList<string> classes, IReadOnlyList<string> attributes)
    {
        config.Validate();
        using var scope = NewDisposeScope();
        using var network = new FasterRcnn(config);
        var weights = DetectorWeights.WithoutPrefix(WeightFile.Load(checkpoint, "model", "state_dict"));
        DetectorWeights.Load(network, HuggingFaceDetector.Is(weights) ? HuggingFaceDetector.Convert(weights, config) : weights);
        DetectorDirectory.Save(directory, network, classes, attributes);
        var largest = DetectorWeights.LargestAnchorSide(network);
        return largest < LeastLargestSide ? string.Create(CultureInfo.InvariantCulture, $"The largest anchor has a side of {largest:0} pixels only: large things will hardly be found.") : null;
    }
}
