using DemoVlp.Modeling.Detection;
using DemoVlp.Modeling.Regions;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests.Detection;

/// <summary>As it computes on a CPU.</summary>
public sealed class HostRegionExtractorParityTests(DetectorGoldens goldens) : RegionExtractorParityTests(goldens, onHost: true);

/// <summary>As it computes on a GPU.</summary>
public sealed class DeviceRegionExtractorParityTests(DetectorGoldens goldens) : RegionExtractorParityTests(goldens, onHost: false);

/// <summary>From the picture's bytes to the regions, in each of upstream's three modes, the result is the reference's.</summary>
[Trait("Category", "parity")]
public abstract class RegionExtractorParityTests : IClassFixture<DetectorGoldens>, IDisposable
{
    private readonly DetectorGoldens goldens;
    private readonly TemporaryFolder folder = new();
    private readonly RegionExtractor extractor;

    protected RegionExtractorParityTests(DetectorGoldens goldens, bool onHost)
    {
        this.goldens = goldens;
        goldens.WriteDirectory(folder.Path);
        extractor = RegionExtractor.Load(folder.Path, "cpu");
        extractor.OnHost = onHost;
    }

    public void Dispose()
    {
        extractor.Dispose();
        folder.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public void Extract_OnTheGoldenPicture_GivesTheReferencesRegions() => AssertRegions("out", extractor.Extract([goldens.Frame], 1)[0]);

    [Fact]
    public void Describe_OfGivenBoxes_GivesTheReferencesRegions() =>
        AssertRegions("bbox_feats_mode", extractor.Describe(goldens.Frame, goldens.Floats("bbox_feats_mode.given_boxes")));

    [Fact]
    public void FindBoxes_OnTheGoldenPicture_GivesTheReferencesBoxes()
    {
        using var scope = NewDisposeScope();
        var found = extractor.FindBoxes(goldens.Frame);
        var keep = goldens.Integers("bboxes_mode.keep");
        var confidence = goldens.Floats("bboxes_mode.max_conf");
        var boxes = goldens.Floats("bboxes_mode.argmax_boxes");
        // Boxes that no class keeps are in no defined order.
        var count = keep.Count(i => confidence[i] > 0);
        Assert.Equal(keep.Length, found.Confidences.Length);
        DetectorGoldens.AssertClose(tensor(keep.Take(count).Select(i => confidence[i]).ToArray()), tensor(found.Confidences[..count]), 1e-4, "confidences");
        DetectorGoldens.AssertClose(tensor(keep.Take(count).SelectMany(i => boxes[(4 * i)..(4 * i + 4)]).ToArray()), tensor(found.Boxes[..(4 * count)]), 1e-4, "boxes");
    }

    [Fact]
    public void Candidates_OnTheGoldenPicture_AreTheReferencesBeforeAnyIsDropped()
    {
        using var scope = NewDisposeScope();
        var (boxes, confidences) = extractor.Candidates(goldens.Frame);
        DetectorGoldens.AssertClose(tensor(goldens.Floats("bboxes_mode.argmax_boxes")), tensor(boxes), 1e-4, "boxes");
        DetectorGoldens.AssertClose(tensor(goldens.Floats("bboxes_mode.max_conf")), tensor(confidences), 1e-4, "confidences");
    }

    private void AssertRegions(string prefix, FrameRegions actual)
    {
        using var scope = NewDisposeScope();
        goldens.AssertClose($"{prefix}.x", tensor(actual.Features).view(actual.Count, -1), 1e-4);
        goldens.AssertClose($"{prefix}.bbox", tensor(actual.Boxes).view(-1, 4), 1e-4);
        Assert.Equal(goldens.Integers($"{prefix}.objects_id"), actual.ClassIds);
        goldens.AssertClose($"{prefix}.objects_conf", tensor(actual.ClassConfidences), 1e-4);
        Assert.Equal(goldens.Integers($"{prefix}.attrs_id"), actual.AttributeIds);
        goldens.AssertClose($"{prefix}.attrs_conf", tensor(actual.AttributeConfidences), 1e-4);
    }
}
