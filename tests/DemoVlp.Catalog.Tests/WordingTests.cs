using DemoVlp.Catalog.Uploads;
using DemoVlp.Catalog.Videos;
using DemoVlp.ServiceDefaults;

namespace DemoVlp.Catalog.Tests;

public sealed class WordingTests
{
    [Theory]
    [InlineData("clip.mp4", "clip.mp4")]
    [InlineData("a/b\\c.mp4", "c.mp4")]
    [InlineData("../..", "video")]
    [InlineData("...hidden", "hidden")]
    [InlineData("a\0b\r\nc\u001b.mp4", "a b  c .mp4")]
    [InlineData("\u202Egpj.exe", "gpj.exe")]
    [InlineData(" \t ", "video")]
    [InlineData(null, "video")]
    public void FileName_WhenItIsHostile_KeepsWhatCanBeShown(string? given, string expected) => Assert.Equal(expected, Wording.FileName(given));

    [Fact]
    public void FileName_WhenItIsLong_IsCutBetweenCharacters()
    {
        var name = Wording.FileName(new string('a', Wording.MaxTitle - 1) + "😀😀");

        Assert.Equal(new string('a', Wording.MaxTitle - 1), name);
    }

    [Fact]
    public void Title_WhenItIsTooLong_IsRefused() => Assert.Equal("title-too-long", Assert.Throws<ApiException>(() => Wording.Title(new string('x', 201))).Code);

    [Theory]
    [InlineData("00000018667479706d703432", "video/mp4")]
    [InlineData("0000001466747970717420 20", "video/quicktime")]
    [InlineData("1a45dfa39f4286810142f7810142f2810442f381084282847765626d", "video/webm")]
    [InlineData("1a45dfa3a34286810142f7810142f2810442f381084282886d6174726f736b61", "video/x-matroska")]
    [InlineData("524946460000000041564920", "video/x-msvideo")]
    [InlineData("474946383961", "image/gif")]
    [InlineData("3c68746d6c3e3c7363726970743e", MediaSniffer.Unknown)]
    [InlineData("52494646000000005741564520", MediaSniffer.Unknown)]
    [InlineData("", MediaSniffer.Unknown)]
    public void Sniff_WhenAFileBegins_NamesItsContainerOrNothing(string head, string expected) =>
        Assert.Equal(expected, MediaSniffer.Sniff(Convert.FromHexString(head.Replace(" ", "", StringComparison.Ordinal))));
}
