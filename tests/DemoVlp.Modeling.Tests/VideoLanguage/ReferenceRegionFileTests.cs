using DemoVlp.Modeling.Regions;
using DemoVlp.Modeling.VideoLanguage.Import;

namespace DemoVlp.Modeling.Tests.VideoLanguage;

public sealed class ReferenceRegionFileTests
{
    private static readonly string Whole = Path.Combine(GoldenSet.Repository(), "tests", "goldens", "model", "npz", "video_a", "1.npz");

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Read_OfNumbersThatAreNotFinite_Refuses(float broken)
    {
        using var folder = new TemporaryFolder();
        foreach (var spoil in new Action<FrameRegions>[] { f => f.Features[5] = broken, f => f.Boxes[2] = broken })
        {
            var frame = ReferenceRegionFile.Read(Whole, 0);
            spoil(frame);
            ReferenceRegionFile.Write(folder.File("broken.npz"), frame);
            Assert.Equal("region-file-malformed", Assert.Throws<ModelFormatException>(() => ReferenceRegionFile.Read(folder.File("broken.npz"), 0)).Code);
        }
    }

    [Fact]
    public void Read_OfACutFile_Refuses()
    {
        using var folder = new TemporaryFolder();
        var whole = File.ReadAllBytes(Whole);
        for (var length = 0; length < whole.Length; length += 53)
        {
            File.WriteAllBytes(folder.File("cut.npz"), whole[..length]);
            Assert.Throws<ModelFormatException>(() => ReferenceRegionFile.Read(folder.File("cut.npz"), 0));
        }
    }

    [Fact]
    public void Read_WhenAnyByteIsWrong_RefusesOrReadsButNeverFailsOtherwise()
    {
        using var folder = new TemporaryFolder();
        var whole = File.ReadAllBytes(Whole);
        for (var position = 0; position < whole.Length; position += 7)
        {
            var damaged = (byte[])whole.Clone();
            damaged[position] ^= 0x55;
            File.WriteAllBytes(folder.File("cut.npz"), damaged);
            var fault = Record.Exception(() => ReferenceRegionFile.Read(folder.File("cut.npz"), 0));
            Assert.True(fault is null or ModelFormatException, $"byte {position}: {fault}");
        }
    }
}
