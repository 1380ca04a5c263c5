using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace DemoVlp.Catalog.Data.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class RegionRenewal : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "DetectorHash",
                schema: "catalog",
                table: "videos",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "FramesExtracted",
                schema: "catalog",
                table: "videos",
                type: "integer",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "IndexedRegions",
                schema: "catalog",
                table: "videos",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "Listing",
                schema: "catalog",
                table: "videos",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "Renewal",
                schema: "catalog",
                table: "videos",
                type: "text",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "detectors",
                schema: "catalog",
                columns: table => new
                {
                    Sha256 = table.Column<string>(type: "text", nullable: false),
                    Name = table.Column<string>(type: "text", nullable: false),
                    LoadedAt = table.Column<DateTime>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_detectors", x => x.Sha256);
                });

            migrationBuilder.CreateIndex(
                name: "IX_videos_Renewal",
                schema: "catalog",
                table: "videos",
                column: "Renewal");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "detectors",
                schema: "catalog");

            migrationBuilder.DropIndex(
                name: "IX_videos_Renewal",
                schema: "catalog",
                table: "videos");

            migrationBuilder.DropColumn(
                name: "DetectorHash",
                schema: "catalog",
                table: "videos");

            migrationBuilder.DropColumn(
                name: "FramesExtracted",
                schema: "catalog",
                table: "videos");

            migrationBuilder.DropColumn(
                name: "IndexedRegions",
                schema: "catalog",
                table: "videos");

            migrationBuilder.DropColumn(
                name: "Listing",
                schema: "catalog",
                table: "videos");

            migrationBuilder.DropColumn(
                name: "Renewal",
                schema: "catalog",
                table: "videos");
        }
    }
}
