using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace DemoVlp.Catalog.Data.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class RegionRenewal : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "DetectorHash",
                table: "videos",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "FramesExtracted",
                table: "videos",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "IndexedRegions",
                table: "videos",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "Listing",
                table: "videos",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "Renewal",
                table: "videos",
                type: "TEXT",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "detectors",
                columns: table => new
                {
                    Sha256 = table.Column<string>(type: "TEXT", nullable: false),
                    Name = table.Column<string>(type: "TEXT", nullable: false),
                    LoadedAt = table.Column<DateTime>(type: "TEXT", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_detectors", x => x.Sha256);
                });

            migrationBuilder.CreateIndex(
                name: "IX_videos_Renewal",
                table: "videos",
                column: "Renewal");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "detectors");

            migrationBuilder.DropIndex(
                name: "IX_videos_Renewal",
                table: "videos");

            migrationBuilder.DropColumn(
                name: "DetectorHash",
                table: "videos");

            migrationBuilder.DropColumn(
                name: "FramesExtracted",
                table: "videos");

            migrationBuilder.DropColumn(
                name: "IndexedRegions",
                table: "videos");

            migrationBuilder.DropColumn(
                name: "Listing",
                table: "videos");

            migrationBuilder.DropColumn(
                name: "Renewal",
                table: "videos");
        }
    }
}
